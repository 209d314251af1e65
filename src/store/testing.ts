import type { Address, Change, Explanation, LeftOut, RoomId } from "../fleet/mod.ts";

export { type Contents as Loaded, contentsOf as loaded } from "./contents.ts";

/** Every reason that there is: the compiler asks for a new one. */
const LEFT_OUT: { readonly [Reason in LeftOut["reason"]]: Reason } = {
  silent: "silent",
  draining: "draining",
  "weight 0": "weight 0",
  "above the ceiling": "above the ceiling",
  "load not known": "load not known",
  "in a move a moment ago": "in a move a moment ago",
};

/** Why a group is on the server. */
export function explanationOf(server: Address, at: number): Explanation {
  const figures = { load: 0.5, steadyLoad: 0.25, clients: 3, groups: 2, grants: 1, growth: 4.5 };
  const work = { exponent: 1.5, coming: 2, load: 1e-6 };
  return {
    ...{ at, by: "expected", kind: { namespace: "ns", template: "g" }, pool: "eu", server },
    ...{ expectedSize: 10, size: 40.5, overCeiling: false },
    candidates: [
      { address: server, ...figures, loadPerClient: 0.001, work, weight: 1, expectedLoad: 0.75 },
      { address: "[::1]:9" as Address, ...figures, loadPerClient: 0.001, weight: 0.5, expectedLoad: 0.875 },
    ],
    furtherCandidates: 7,
    leftOut: Object.values(LEFT_OUT).map((reason) => ({ server: "c:1" as Address, reason })),
    furtherLeftOut: 1,
    relieved: { server: "d:1" as Address, load: 0.95 },
  };
}

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
      counted: pick(undefined, 2),
      loadUnknown: pick(undefined, true as const),
      exponent: pick(undefined, 4),
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
    () => ({ type: "server-stalled", server, load: 0.95, why: pick(undefined, "nothing may leave") }),
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
      learned: pick(undefined, { size: 3, fillTime: 7, at: until }),
      isNew: pick(undefined, true as const),
      isFound: pick(undefined, true as const),
      seen: pick(undefined, { peak: 9, grewTo: 8, grewFor: 4, path: pick(undefined, [1, 2]) }),
    }),
    () => ({ type: "group-explained", namespace, group, explanation: explanationOf(server, until), keep: 3 }),
    () => ({ type: "group-leaving", namespace, group, server, leave: pick("1", "2") }),
    () => ({ type: "group-released", namespace, group, server, leave: pick(undefined, "1", "2") }),
    () => ({ type: "room-opened", room, customer, server, listed }),
    () => ({ type: "room-changed", room, customer, server, listed }),
    () => ({ type: "room-closed", room, server, idle: pick(undefined, true) }),
    () => ({ type: "granted", room, server, user: "u", customer, again: pick(undefined, true) }),
    () => ({ type: "grants-ended", room, server, users: ["u"] }),
    () => ({ type: "banned", ban }),
    () => ({ type: "ban-ended", ban, lifted: pick(true, false) }),
    () => ({ type: "task-queued", server, task, moved: pick(undefined, true) }),
    () => ({ type: "task-ended", sequence, ...pick({}, { expired: true }) }),
    () => ({ type: "handed-over", server, id: pick(1, 2, 3), tasks: [sequence, 4] }),
    () => ({ type: "handed-over", server, id: pick(4, 5), tasks: [sequence] }),
    () => ({ type: "hand-over-ended", server, id: pick(1, 2), fate: pick("read", "lost", "unknown") }),
    () => ({ type: "customers-listed" }),
    () => ({ type: "figures-wanted" }),
    () => ({
      type: "size-observed",
      namespace,
      group,
      observed: pick({ size: 3, fillTime: 7 }, { size: 3, fillTime: 7, path: [1, 2, 3] }),
      earlier: pick(undefined, { size: 2, fillTime: 7, at: until }, {
        size: 2,
        fillTime: 7,
        at: until,
        path: [1],
      }),
    }),
    () => ({
      type: "name-learned",
      name: { high: 1, low: 2, known: pick(undefined, { count: 1, size: 2, fillTime: 3, at: 4 }) },
    }),
    () => ({
      type: "kind-learned",
      kind: { namespace, template: group, sizes: pick(undefined, sizes, sizes) },
      names: pick(undefined, true),
    }),
  )();
}
