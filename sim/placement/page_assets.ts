/** How the page of the simulation looks. */
export const STYLE = `
  :root { color-scheme: light dark; --line: #ccc; --bar: #3b6ea5; --ours: #c2571a; }
  @media (prefers-color-scheme: dark) {
    :root { --line: #444; --bar: #6d9dd1; --ours: #e8884f; }
  }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; }
  th, td { padding: 0.2rem 0.8rem; text-align: right; border-bottom: 1px solid var(--line); }
  td { white-space: nowrap; }
  th:first-child { text-align: left; position: sticky; left: 0; background: Canvas; }
  tbody th { font-weight: normal; white-space: nowrap; }
  @media (max-width: 50rem) {
    table, tbody, tr, th, td { display: block; padding: 0; border: 0; }
    thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
    tbody th { font-weight: 600; }
    tr { padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
    td { display: flex; justify-content: space-between; }
    td::before { content: attr(data-head); }
  }
  .bars { list-style: none; padding: 0; display: grid; grid-template-columns: auto minmax(3rem, 30rem) auto; gap: 0.3rem 0.8rem; justify-content: start; }
  .bars li { display: contents; }
  .track > * { display: block; height: 1rem; margin-top: 0.25rem; }
  .bar { background: var(--bar); } .ours { background: var(--ours); }
  .maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1rem; }
  figure { margin: 0; } figcaption { font-weight: 600; }
  canvas { display: block; width: 100%; height: 12rem; image-rendering: pixelated; border: 1px solid var(--line);
    box-sizing: border-box; }
  .map { position: relative; }
  .map i { position: absolute; box-sizing: border-box; min-width: 6px; min-height: 6px; outline: 2px solid CanvasText;
    pointer-events: none; }
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
      : Array.from(new Uint16Array(Uint8Array.from(atob(cells), (byte) => byte.charCodeAt(0)).buffer), (its) => its / 1000);
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
  const mark = figure.querySelector("i");
  const [rows, columns, minutes] = ["rows", "columns", "minutes"].map((name) => Number(canvas.dataset[name]));
  const place = (wanted, count) => Math.max(0, Math.min(count - 1, Math.floor(wanted)));
  let [row, column] = [0, 0];
  const show = (wantedRow, wantedColumn) => {
    [row, column] = [place(wantedRow, rows), place(wantedColumn, columns)];
    const load = Math.round(canvas.loads[row * columns + column] * 100);
    said.value = \`server \${row + 1}, minute \${Math.round(column * minutes / columns)}: at most \${load} %\`;
    const share = (part, whole) => \`\${100 * part / whole}%\`;
    mark.style.inset = \`\${share(row, rows)} auto auto \${share(column, columns)}\`;
    mark.style.width = share(1, columns);
    mark.style.height = share(1, rows);
    mark.hidden = false;
  };
  const hide = () => {
    said.value = "";
    mark.hidden = true;
  };
  const point = ({ offsetX, offsetY }) =>
    show(offsetY / canvas.clientHeight * rows, offsetX / canvas.clientWidth * columns);
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("pointerdown", point);
  canvas.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && hide());
  canvas.addEventListener("blur", hide);
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!steps) return;
    event.preventDefault();
    if (mark.hidden) show(row, column);
    else show(row + steps[0], column + steps[1]);
  });
}
`;
