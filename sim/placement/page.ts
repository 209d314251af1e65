import { Buffer } from "node:buffer";
import type { Result, Standing } from "./study.ts";
import { SCRIPT, STYLE } from "./page_assets.ts";
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
<style>${STYLE}</style>
<h1>Placement of rooms, simulated</h1>
<p>Each strategy places the same clients. <em>Overloaded</em> is the share of client time on servers above 85 % load,
<em>excess</em> the load above 85 % of its server ÷ all load; ± is half of the 95 % confidence interval.</p>
${results.map(section).join("\n")}
<script>${SCRIPT}</script>
</html>
`;
}

function section(result: Result): string {
  return `<h2>${escape(result.name)}</h2>
<p>${escape(result.about)}; ${result.seeds} ${result.seeds === 1 ? "seed" : "seeds"}.</p>
${figures(result)}
${result.capacity ? bars(result) : ""}
<h3>Load of each server over time, at ${percent(result.loads.at(-1)!, 0)} mean load</h3>
<p>One row a server, largest at the bottom; red above 85 %.</p>
<div class="legend"><canvas data-rows="1" data-columns="120" role="img" aria-label="Colours from 0 to 120 % load"></canvas>
<div class="axis"><span>0 %</span><span>40 %</span><span>80 %</span><span>120 %</span></div></div>
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
  return `<div class="wide"><table>${row("th", ["strategy", ...heads, ...lastHeads(result)])}${
    rows.join("")
  }</table></div>`;
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
      }" y2="${i * 24 + 10}" class="error"/>`;
    return `<text x="100" y="${i * 24 + 15}" text-anchor="end">${name}</text>
<rect class="${name === "expected" ? "ours" : "bar"}" x="110" y="${
      i * 24 + 2
    }" width="${width}" height="16"/>${error}
<text x="${120 + width + (Number.isNaN(margin) ? 0 : margin * 500)}" y="${i * 24 + 15}">${
      percent(mean, 0)
    }</text>`;
  });
  return `<h3>How full the fleet can be run before 0.1 % of client time is overloaded</h3>
<div class="wide"><svg width="700" height="${contenders.length * 24}" font-size="13">${
    rows.join("\n")
  }</svg></div>`;
}

function heatMap({ name, about, loadsOverTime }: Standing): string {
  const { loads: servers, interval } = loadsOverTime;
  const samples = servers[0]!.length;
  const minutes = Math.round(samples * interval / 60_000);
  const columns = Math.min(COLUMNS, samples);
  const shades = servers.flatMap((loads) =>
    Array.from({ length: columns }, (_, column) => {
      const from = Math.floor(column * samples / columns);
      const to = Math.max(from + 1, Math.floor((column + 1) * samples / columns));
      return Math.min(255, Math.round(200 * Math.max(...loads.slice(from, to))));
    })
  );
  return `<figure><figcaption>${name}</figcaption>
<canvas data-rows="${servers.length}" data-columns="${columns}" data-cells="${
    Buffer.from(shades).toString("base64")
  }" data-minutes="${minutes}" role="img" aria-label="Load of each server over time, placed by ${name}"></canvas>
<div class="axis">${quarters(minutes)}</div><output></output><div>${escape(about)}</div></figure>`;
}

/** The axis of time below a map. */
function quarters(minutes: number): string {
  return [0, 0.25, 0.5, 0.75, 1].map((share) => `<span>${Math.round(share * minutes)} min</span>`).join("");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
