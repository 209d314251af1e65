import type { Address, Change, RoomId } from "../fleet/mod.ts";

export { type Contents as Loaded, contentsOf as loaded } from "./contents.ts";

/** A change of the few things that there are, so that many meet. */
export function anyChange(random: () => number): Change {
  const pick = <Each>(...all: readonly Each[]): Each => all[Math.floor(random() * all.length)]!;
  const server = pick("a:1", "b:1", "[::1]:9") as Address;
  const report = pick("", "1", '2"\n');
  const namespace = pick("ns", 'n\\"s\u2028');
  const group = pick("g", "h\n", "\ud800");
  const room: RoomId = [namespace, `{${group}}${pick("1", "2")}`];
  const customer = pick("acme", "umbrella");
  const listed = pick(true, false);
  const until = Math.floor(random() * 5) * 1000 + 1_000_000;
  const ban = {
    room,
    user: pick(undefined, "u"),
    until,
    customer: pick(undefined, customer),
    by: pick(undefined, "key"),
  };
  const sequence = pick(1, 2, 2 ** 53 - 1);
  const sizes = { bins: [[0.5, 1]], fill: [1, 2], at: until } as const;
  const task = { sequence, room, kind: "RoomUpdate", json: "{\n}", expires: until, customer } as const;
  return pick<() => Change>(
    () => ({ type: "server-appeared", server, pool: pick("eu", "us"), version: "1" }),
    () => ({
      type: "server-reported",
      server,
      report,
      pool: pick("eu", "us"),
      version: "2",
      load: random(),
      clients: 3,
      cost: [1, 2, 1e-9, 4, 1e21],
      usage: pick([], [{ customer, peers: 3, rooms: 1 }]),
      figures: pick(undefined, [[room, 3]]),
    }),
    () => ({
      type: "server-planned",
      server,
      weight: random(),
      draining: pick(undefined, { deadline: undefined }, { deadline: until }),
    }),
    () => ({ type: "server-evicting", server, rooms: 1 }),
    () => ({ type: "server-disabled", server, report }),
    () => ({ type: "server-removed", server, report }),
    () => ({ type: "server-enabled", server }),
    () => ({ type: "server-drained", server }),
    () => ({ type: "server-odd", server, what: "it is odd" }),
    () => ({
      type: "group-placed",
      namespace,
      group,
      server,
      from: pick(undefined, "a:1" as Address, "b:1" as Address),
      found: pick(undefined, true),
      overload: pick(undefined, undefined, 0.95),
    }),
    () => ({
      type: "group-young",
      ...{ namespace, group, server, age: 5, reached: 7 },
      learned: pick(undefined, { size: 3, fillTime: 7 }),
    }),
    () => ({ type: "group-leaving", namespace, group, server, leave: pick("1", "2") }),
    () => ({ type: "group-released", namespace, group, server, leave: pick(undefined, "1", "2") }),
    () => ({ type: "room-opened", room, customer, server, listed }),
    () => ({ type: "room-changed", room, customer, server, listed }),
    () => ({ type: "room-closed", room, server, idle: pick(undefined, true) }),
    () => ({ type: "granted", room, server, user: "u", customer }),
    () => ({ type: "grants-ended", room, server, users: ["u"] }),
    () => ({ type: "banned", ban }),
    () => ({ type: "ban-ended", ban, lifted: pick(true, false) }),
    () => ({ type: "task-queued", server, task, moved: pick(undefined, true) }),
    () => ({ type: "task-ended", sequence, ...pick({}, { expired: true }) }),
    () => ({ type: "handed-over", server, id: 1, tasks: [sequence] }),
    () => ({ type: "hand-over-ended", server, id: 1, fate: pick("read", "lost", "unknown") }),
    () => ({
      type: "size-observed",
      namespace,
      group,
      observed: { size: 3, fillTime: 7 },
      earlier: undefined,
    }),
    () => ({
      type: "name-learned",
      name: { high: 1, low: 2, known: pick(undefined, { count: 1, size: 2, fillTime: 3, at: 4 }) },
    }),
    () => ({
      type: "kind-learned",
      kind: { namespace, template: group, sizes: pick(undefined, sizes, sizes) },
    }),
  )();
}
