import { Buffer } from "node:buffer";
import type { Result, Standing } from "./study.ts";
import { SCRIPT, STYLE } from "./page_assets.ts";
import { cells, lastHeads, percent } from "./table.ts";

/** Columns of a heat map. */
const COLUMNS = 240;

/** Steps of a load of 1 in which heat maps are told, two bytes each: loads may come to far more than 1. */
const STEPS = 1000;

/** The results as one self-contained page: tables, capacity bars, and a heat map for each strategy. */
export function page(results: readonly Result[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Placement of rooms, simulated</title>
<style>${STYLE}</style>
<main>
<h1>Placement of rooms, simulated</h1>
<p>Each strategy places the same clients. <em>Overloaded</em> is the share of client time on servers above 85 % load,
<em>excess</em> the load above 85 % of its server ÷ all load; ± is half of the 95 % confidence interval.</p>
${results.map(section).join("\n")}
</main>
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
<p>One row a server, largest at the bottom; red above 85 %. Point at a place, tap it, or go there with the arrow keys, for its
value.</p>
<div class="legend"><canvas data-rows="1" data-columns="120" role="img" aria-label="Colours from 0 to 120 % load"></canvas>
<div class="axis"><span>0 %</span><span>40 %</span><span>80 %</span><span>120 %</span></div></div>
<div class="maps">${result.contenders.map(heatMap).join("\n")}</div>`;
}

/** The figures as a table; on a phone each strategy's are a list of their own. */
function figures(result: Result): string {
  const heads = [
    "strategy",
    ...result.loads.flatMap((load) => [`overloaded at ${percent(load, 0)}`, "excess", "peak ÷ mean"]),
    ...lastHeads(result),
  ];
  const rows = result.contenders.map((standing) => {
    const { overloaded, excess, peakToMean, last } = cells(standing);
    return [
      standing.name,
      ...overloaded.flatMap((its, i) => [its, excess[i]!, peakToMean[i]!]),
      ...last,
    ];
  });
  const row = (values: readonly string[]) =>
    `<tr role="row">${
      values.map((value, i) =>
        i === 0
          ? `<th role="rowheader" scope="row">${value}</th>`
          : `<td role="cell" data-head="${heads[i]}">${value}</td>`
      ).join("")
    }</tr>`;
  const head = heads.map((text) => `<th role="columnheader" scope="col">${text}</th>`).join("");
  return `<div class="wide" role="region" aria-label="Figures of ${escape(result.name)}" tabindex="0">
<table role="table"><thead role="rowgroup"><tr role="row">${head}</tr></thead>
<tbody role="rowgroup">${rows.map(row).join("\n")}</tbody></table></div>`;
}

/** How full the fleet can be run, one bar a strategy. */
function bars({ contenders }: Result): string {
  const rows = contenders.map((standing) => {
    const { name, fullest } = standing;
    return `<li><span>${name}</span><span class="track"><span class="${
      name === "expected" ? "ours" : "bar"
    }" style="width:${percent(fullest!.mean, 1).replace(" ", "")}"></span></span><span>${
      cells(standing).last[0]
    }</span></li>`;
  });
  return `<h3>How full the fleet can be run before 0.1 % of client time is overloaded</h3>
<ul class="bars">${rows.join("\n")}</ul>`;
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
      return Math.min(65_535, Math.round(STEPS * Math.max(...loads.slice(from, to))));
    })
  );
  return `<figure><figcaption>${name}</figcaption>
<div class="map"><canvas data-rows="${servers.length}" data-columns="${columns}" data-cells="${
    Buffer.from(Uint16Array.from(shades).buffer).toString("base64")
  }" data-minutes="${minutes}" role="application" tabindex="0" aria-label="Load of each server over time, placed by ${name}; arrow keys go to a server and a minute"></canvas><i hidden></i></div>
<div class="axis">${quarters(minutes)}</div><output></output><div>${escape(about)}</div></figure>`;
}

/** The axis of time below a map. */
function quarters(minutes: number): string {
  return [0, 0.25, 0.5, 0.75, 1].map((share) => `<span>${Math.round(share * minutes)} min</span>`).join("");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
