import { type ComponentChild, h } from "preact";
import { printable } from "../../printable.ts";

/** Characters of a name that are shown where it stands beside others. */
const SHORT = 80;

/**
 * A name that a stranger has chosen: text and nothing but text. It is kept from turning the direction of what is around it,
 * and what cannot be seen in it, or would steer the text, is written out and marked.
 *
 * @param whole shows all of it, where it has the place
 */
export function Name({ name, whole = false }: { name: string; whole?: boolean }): ComponentChild {
  const text = printable(name);
  const points = [...name];
  const shown = whole || points.length <= SHORT ? points : points.slice(0, SHORT);
  const pieces: ComponentChild[] = [];
  let plain = "";
  for (const point of shown) {
    const written = printable(point);
    if (written === point) {
      plain += point;
      continue;
    }
    if (plain !== "") pieces.push(plain);
    plain = "";
    pieces.push(h("span", { class: "unseen", title: "a character that cannot be seen" }, written));
  }
  pieces.push(plain);
  if (shown.length < points.length) pieces.push("…");
  return h("bdi", { class: whole ? "name whole" : "name", title: text }, pieces);
}

/** A room: its namespace, and its name. */
export function RoomName({ room: [namespace, name], whole = false }: {
  room: readonly [string, string];
  whole?: boolean;
}): ComponentChild {
  return h("span", { class: "room" }, h(Name, { name: namespace, whole }), " / ", h(Name, { name, whole }));
}
