import { type ComponentChild, h } from "preact";
import { share, span } from "./format.ts";

type Values = readonly (number | null)[];

/** A line of a chart; the first three differ in their dashes as well as in their colours. */
export interface Line {
  readonly name: string;
  readonly values: Values;
}

const SIZE = { width: 600, height: 140 };

/** Values that a chart shows at least, so that a gateway that has just started does not show a few dots. */
const LEAST = 24;

/**
 * Lines over time, the newest at the right. Drawn as SVG and not on a canvas (uPlot): a few hundred points each need none,
 * it follows the theme and the size by itself, and is 20 KB less to load.
 *
 * @param step seconds between two values
 */
export function Chart({ title, lines, step, format }: {
  title: string;
  lines: readonly Line[];
  step: number;
  format: (value: number | null) => string;
}): ComponentChild {
  const begin = Math.min(...lines.map(({ values }) => beginning(values)));
  const shown = lines.map(({ name, values }) => ({ name, values: values.slice(begin) }));
  const length = Math.max(0, ...shown.map(({ values }) => values.length));
  const top = niceTop(Math.max(0, ...shown.flatMap(({ values }) => values.map((value) => value ?? 0))));
  const last = (values: Values) => values.findLast((value) => value !== null) ?? null;
  const says = shown.map(({ name, values }) => `${name} ${format(last(values))}`).join(", ");
  return h(
    "figure",
    { class: "chart" },
    h(
      "figcaption",
      null,
      h("strong", null, title),
      shown.map(({ name, values }, i) =>
        h(
          "span",
          { class: "key", key: name },
          h(Dash, { i }),
          ` ${name} `,
          h("b", null, format(last(values))),
        )
      ),
    ),
    h(
      "svg",
      {
        viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": `${title}, now: ${says}; at most ${format(top)} in the last ${span(length * step)}`,
      },
      [0.25, 0.5, 0.75].map((part) =>
        h("line", {
          class: "grid",
          x1: 0,
          x2: SIZE.width,
          y1: part * SIZE.height,
          y2: part * SIZE.height,
          key: part,
        })
      ),
      shown.map(({ name, values }, i) =>
        h("path", {
          class: `line line-${i}`,
          d: pathOf(values, top),
          "vector-effect": "non-scaling-stroke",
          key: name,
        })
      ),
    ),
    h(
      "div",
      { class: "axis", "aria-hidden": true },
      h("span", null, `${span(length * step)} ago`),
      h("span", null, `top: ${format(top)}`),
      h("span", null, "now"),
    ),
  );
}

function Dash({ i }: { i: number }): ComponentChild {
  return h(
    "svg",
    { class: "dash", viewBox: "0 0 24 6", "aria-hidden": true },
    h("path", { class: `line line-${i}`, d: "M0 3H24" }),
  );
}

/** A small line without words, beside a number that says the same. */
export function Spark({ values, top = 1 }: { values: Values; top?: number }): ComponentChild {
  return h(
    "svg",
    {
      class: "spark",
      viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
      preserveAspectRatio: "none",
      "aria-hidden": true,
    },
    h("path", { class: "line line-0", d: pathOf(values, top), "vector-effect": "non-scaling-stroke" }),
  );
}

/** A part of a bar, as a fraction of what is full. */
export interface Part {
  readonly name: string;
  readonly value: number;
}

/** The parts of a load, one after the other; each has a pattern of its own as well as a colour. */
export function Bar({ parts, whole }: { parts: readonly Part[]; whole?: number }): ComponentChild {
  const sum = parts.reduce((sum, { value }) => sum + Math.max(0, value), 0);
  const scale = Math.max(1, sum, whole ?? 0);
  const says = parts.map(({ name, value }) => `${name} ${share(value)}`).join(", ");
  let from = 0;
  return h(
    "svg",
    { class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img", "aria-label": says },
    h("title", null, says),
    h("rect", { class: "ground", width: 100, height: 10 }),
    parts.map(({ name, value }, i) => {
      const width = Math.max(0, value) / scale * 100;
      const x = from;
      from += width;
      const y = i === 0 ? 0 : i * 1.5; // lower steps, for whoever cannot tell the colours
      return h("rect", { class: `part-${i}`, x, y, width, height: 10 - y, key: name });
    }),
    scale > 1 && h("line", { class: "full", x1: 100 / scale, x2: 100 / scale, y1: 0, y2: 10 }),
  );
}

/** What the parts of bars mean. */
export function BarKey({ names }: { names: readonly string[] }): ComponentChild {
  return h(
    "p",
    { class: "bar-key" },
    names.map((name, i) =>
      h(
        "span",
        { class: "key", key: name },
        h(
          "svg",
          { class: "dash", viewBox: "0 0 10 10", "aria-hidden": true },
          h("rect", { class: `part-${i}`, y: i * 1.5, width: 10, height: 10 - i * 1.5 }),
        ),
        ` ${name}`,
      )
    ),
  );
}

/** Where values begin to be known; not so late that there is no line to see. */
function beginning(values: Values): number {
  const first = values.findIndex((value) => value !== null);
  return Math.max(0, Math.min(first < 0 ? values.length : first, values.length - LEAST));
}

function pathOf(values: Values, top: number): string {
  let path = "";
  let drawing = false;
  const step = SIZE.width / Math.max(1, values.length - 1);
  for (const [i, value] of values.entries()) {
    if (value === null) {
      drawing = false;
      continue;
    }
    const y = SIZE.height - 2 - Math.min(1, value / top) * (SIZE.height - 6);
    path += `${drawing ? "L" : "M"}${(i * step).toFixed(1)} ${y.toFixed(1)}`;
    drawing = true;
  }
  return path;
}

/** The next of 1, 2 and 5 times a power of ten. */
function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((top) => top >= value) ?? 10 * power;
}
