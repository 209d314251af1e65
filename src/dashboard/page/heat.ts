/// <reference lib="dom" />
import { type ComponentChild, h } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { share } from "./format.ts";
import { linkTo } from "./route.ts";

/** Load of each server in the minutes of the last hour, by address. */
export type Minutes = Readonly<Record<string, readonly (number | null)[]>>;

const CELL = { width: 12, height: 12, gap: 1 };

/** From here on a server is full, and its cell has a mark besides its colour. */
const FULL = 0.95;

/**
 * The load of all servers over the last hour: a row each, darker where there is more. On a canvas, since 200 servers are
 * 12,000 cells. The table of servers says the same in words.
 */
export function HeatMap({ minutes }: { minutes: Minutes }): ComponentChild {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<{ address: string; minute: number }>();
  const addresses = Object.keys(minutes).sort();
  useEffect(() => {
    const draw = () =>
      canvas.current !== null && paint(canvas.current, addresses.map((its) => minutes[its]!));
    draw();
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", draw);
    return () => theme.removeEventListener("change", draw);
  }, [minutes]);
  const find = ({ offsetX, offsetY }: MouseEvent) => {
    const { clientWidth, clientHeight } = canvas.current!;
    const address = addresses[Math.floor(offsetY / clientHeight * addresses.length)];
    const minute = Math.floor(offsetX / clientWidth * 60);
    return address === undefined ? undefined : { address, minute };
  };
  const loads = addresses.map((address) => minutes[address]!.at(-1) ?? null).filter((load) => load !== null);
  const most = loads.length === 0 ? null : Math.max(...loads);
  const under = at &&
    `${at.address}, ${59 - at.minute} minutes ago: ${share(minutes[at.address]?.[at.minute] ?? null)}`;
  return h(
    "figure",
    { class: "heat" },
    h(
      "figcaption",
      null,
      h("strong", null, "Load of each server in the last hour"),
      h("span", null, under ?? "light is idle, dark is full"),
    ),
    h("canvas", {
      ref: canvas,
      role: "img",
      "aria-label": `Load of ${addresses.length} servers in the last hour; the fullest is at ${
        share(most)
      } now`,
      onMouseMove: (event: MouseEvent) => setAt(find(event)),
      onMouseLeave: () => setAt(undefined),
      onClick: (event: MouseEvent) => {
        const found = find(event);
        if (found !== undefined) location.hash = linkTo("server", found.address);
      },
    }),
  );
}

function paint(canvas: HTMLCanvasElement, rows: readonly (readonly (number | null)[])[]): void {
  canvas.width = 60 * CELL.width;
  canvas.height = Math.max(1, rows.length) * CELL.height;
  const context = canvas.getContext("2d")!;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  for (const [y, row] of rows.entries()) {
    for (const [x, load] of row.entries()) {
      const [left, top] = [x * CELL.width, y * CELL.height];
      context.fillStyle = load === null ? (dark ? "#22272e" : "#eef0f3") : colourOf(load, dark);
      context.fillRect(left, top, CELL.width - CELL.gap, CELL.height - CELL.gap);
      if (load === null || load < FULL) continue;
      context.fillStyle = dark ? "#000" : "#fff";
      context.fillRect(left + 4, top + 4, 3, 3);
    }
  }
}

/** One hue from light to dark (on dark ground from dark to light), which everybody can tell apart. */
function colourOf(load: number, dark: boolean): string {
  const part = Math.min(1, Math.max(0, load));
  return dark ? `hsl(205 70% ${22 + part * 58}%)` : `hsl(212 70% ${90 - part * 62}%)`;
}
