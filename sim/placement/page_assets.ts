/** How the page of the simulation looks. */
export const STYLE = `
  :root { color-scheme: light dark; --line: #ccc; --bar: #3b6ea5; --ours: #c2571a; --error: #333; }
  @media (prefers-color-scheme: dark) {
    :root { --line: #444; --bar: #6d9dd1; --ours: #e8884f; --error: #ddd; }
  }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; }
  th, td { padding: 0.2rem 0.8rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
  th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: Canvas; }
  svg text { fill: currentColor; }
  .bar { fill: var(--bar); } .ours { fill: var(--ours); } .error { stroke: var(--error); }
  .maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1rem; }
  figure { margin: 0; } figcaption { font-weight: 600; }
  canvas { display: block; width: 100%; height: 12rem; image-rendering: pixelated; border: 1px solid var(--line);
    box-sizing: border-box; }
  .axis { display: flex; justify-content: space-between; font-size: 0.8rem; }
  .legend { max-width: 22rem; } .legend canvas { height: 0.8rem; }
  output { display: block; min-height: 1.5em; font-size: 0.9rem; }
`;

/** Paints the maps and the legend in the same colours, and tells what is under the pointer. */
export const SCRIPT = `
const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = (load) => {
  const calm = Math.min(1, load / 0.85);
  if (load > 0.85) return \`hsl(4 80% \${(dark.matches ? 40 : 50) + (dark.matches ? 100 : -100) * Math.min(0.3, load - 0.85)}%)\`;
  return \`hsl(209 70% \${dark.matches ? 10 + 55 * calm : 97 - 70 * calm}%)\`;
};
const paintAll = () => {
  for (const canvas of document.querySelectorAll("canvas")) {
    const { rows, columns, cells } = canvas.dataset;
    canvas.width = columns;
    canvas.height = rows;
    const paint = canvas.getContext("2d");
    canvas.loads = !("cells" in canvas.dataset)
      ? Array.from({ length: columns }, (_, i) => i * 1.2 / columns)
      : Array.from(atob(cells), (byte) => byte.charCodeAt(0) / 200);
    canvas.loads.forEach((load, i) => {
      paint.fillStyle = colour(load);
      paint.fillRect(i % columns, Math.floor(i / columns), 1, 1);
    });
  }
};
paintAll();
dark.addEventListener("change", paintAll);
for (const figure of document.querySelectorAll("figure")) {
  const canvas = figure.querySelector("canvas");
  const said = figure.querySelector("output");
  const { rows, columns, minutes } = canvas.dataset;
  canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
    const place = (offset, size, count) => Math.max(0, Math.min(count - 1, Math.floor(offset / size * count)));
    const row = place(offsetY, canvas.clientHeight, rows);
    const column = place(offsetX, canvas.clientWidth, columns);
    const load = Math.round(canvas.loads[row * columns + column] * 100);
    said.value = \`server \${row + 1}, minute \${Math.round(column * minutes / columns)}: at most \${load} %\`;
  });
  canvas.addEventListener("pointerleave", () => said.value = "");
}
`;
