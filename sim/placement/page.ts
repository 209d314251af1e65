import { Buffer } from "node:buffer";
import type { Result, Standing } from "./study.ts";
import { cells, lastHeads, percent } from "./table.ts";

/** Columns of a heat map. */
const COLUMNS = 240;

/** The results as one self-contained page: tables, capacity bars, and a heat map for each strategy. */
export function page(results: readonly Result[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Placement of rooms, simulated</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
  table { border-collapse: collapse; }
  th, td { padding: 0.2rem 0.8rem; text-align: right; border-bottom: 1px solid #ccc; }
  th:first-child, td:first-child { text-align: left; }
  .bar { fill: #3b6ea5; } .ours { fill: #c2571a; }
  .maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); gap: 1rem; }
  figure { margin: 0; } figcaption { font-weight: 600; }
  canvas { width: 100%; height: 12rem; image-rendering: pixelated; border: 1px solid #ccc; }
  .scale { display: inline-block; width: 10rem; height: 0.8rem; vertical-align: middle;
    background: linear-gradient(to right, #f7fbff, #4292c6 60%, #08306b 84%, #d7301f 86%, #7f0000); }
</style>
<h1>Placement of rooms, simulated</h1>
<p>Each strategy places the same clients. <em>Overloaded</em> is the share of client time on servers above 85 % load;
± is half of the 95 % confidence interval.</p>
${results.map(section).join("\n")}
<script>
for (const canvas of document.querySelectorAll("canvas")) {
  const { rows, columns, cells } = canvas.dataset;
  canvas.width = columns;
  canvas.height = rows;
  const paint = canvas.getContext("2d");
  const bytes = atob(cells);
  for (let i = 0; i < bytes.length; i++) {
    const load = bytes.charCodeAt(i) / 200;
    const calm = Math.min(1, load / 0.85);
    paint.fillStyle = load > 0.85
      ? \`hsl(4 80% \${50 - 100 * Math.min(0.3, load - 0.85)}%)\`
      : \`hsl(209 70% \${97 - 70 * calm}%)\`;
    paint.fillRect(i % columns, Math.floor(i / columns), 1, 1);
  }
}
</script>
</html>
`;
}

function section(result: Result): string {
  return `<h2>${escape(result.name)}</h2>
<p>${escape(result.about)}; ${result.seeds} ${result.seeds === 1 ? "seed" : "seeds"}.</p>
${figures(result)}
${result.capacity ? bars(result) : ""}
<h3>Load of each server over time, at ${percent(result.loads.at(-1)!, 0)} mean load</h3>
<p>One row a server, largest at the bottom; 0 % <span class="scale"></span> 100 %, red from 85 % on.</p>
<div class="maps">${result.contenders.map(heatMap).join("\n")}</div>`;
}

function figures(result: Result): string {
  const row = (tag: "th" | "td", values: readonly string[]) =>
    `<tr>${values.map((value) => `<${tag}>${value}</${tag}>`).join("")}</tr>`;
  const heads = result.loads.flatMap((load) => [
    `overloaded at ${percent(load, 0)}`,
    "excess",
    "peak ÷ mean",
  ]);
  const rows = result.contenders.map((standing) => {
    const { overloaded, excess, peakToMean, last } = cells(standing);
    return row("td", [
      standing.name,
      ...overloaded.flatMap((its, i) => [its, excess[i]!, peakToMean[i]!]),
      ...last,
    ]);
  });
  return `<table>${row("th", ["strategy", ...heads, ...lastHeads(result)])}${rows.join("")}</table>`;
}

/** How full the fleet can be run, one bar a strategy. */
function bars({ contenders }: Result): string {
  const rows = contenders.map(({ name, fullest }, i) => {
    const { mean, margin } = fullest!;
    const width = mean * 500;
    const error = Number.isNaN(margin)
      ? ""
      : `<line x1="${110 + width - margin * 500}" x2="${110 + width + margin * 500}" y1="${
        i * 24 + 10
      }" y2="${i * 24 + 10}" stroke="#333"/>`;
    return `<text x="100" y="${i * 24 + 15}" text-anchor="end">${name}</text>
<rect class="${name === "expected" ? "ours" : "bar"}" x="110" y="${
      i * 24 + 2
    }" width="${width}" height="16"/>${error}
<text x="${120 + width + (Number.isNaN(margin) ? 0 : margin * 500)}" y="${i * 24 + 15}">${
      percent(mean, 0)
    }</text>`;
  });
  return `<h3>How full the fleet can be run before 0.1 % of client time is overloaded</h3>
<svg width="700" height="${contenders.length * 24}" font-size="13">${rows.join("\n")}</svg>`;
}

function heatMap({ name, about, loadsOverTime }: Standing): string {
  const samples = loadsOverTime[0]!.length;
  const columns = Math.min(COLUMNS, samples);
  const shades = loadsOverTime.flatMap((loads) =>
    Array.from({ length: columns }, (_, column) => {
      const from = Math.floor(column * samples / columns);
      const to = Math.max(from + 1, Math.floor((column + 1) * samples / columns));
      return Math.min(255, Math.round(200 * Math.max(...loads.slice(from, to))));
    })
  );
  return `<figure><figcaption>${name}</figcaption>
<canvas data-rows="${loadsOverTime.length}" data-columns="${columns}" data-cells="${
    Buffer.from(shades).toString("base64")
  }" role="img" aria-label="Load of each server over time, placed by ${name}"></canvas>
<div>${escape(about)}</div></figure>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
