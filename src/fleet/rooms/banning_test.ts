import assert from "node:assert/strict";
import { type Change, endHandOver, follow, handOverTasks, manage, type Model, tick } from "../mod.ts";
import { address, ask, checkConsistency, hear, place, testModel } from "../testing.ts";

const SECOND = 1000;

function ban(model: Model, user: string | undefined, seconds: number, now = 0): Change[] {
  const ban_time = { secs: seconds, nanos: 0 };
  const id = ["acme", "r"] as const;
  const { outcome, changes } = manage(model, {
    task: user === undefined
      ? { task: "RoomClose", id, ban_time }
      : { task: "RoomBanClient", id, user_id: user, ban_time },
    banTime: seconds * SECOND,
  }, now);
  assert.equal(outcome, "accepted");
  return changes;
}

/** What the server is told next, and reads, in a few words each. */
function tasks(model: Model, server: string, now: number): string[] {
  const { tasks, handOver } = handOverTasks(model, address(server), now);
  if (handOver !== undefined) endHandOver(model, address(server), handOver, "read", now);
  return tasks.map((each) => {
    assert.ok("ban_time" in each);
    const { task, ban_time } = each;
    return `${task} ${"user_id" in each ? each.user_id : "all"} ${ban_time.secs + ban_time.nanos / 1e9}`;
  });
}

Deno.test("a server that turns out to have a room is told of its bans, with what is left of them, once", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  ban(model, undefined, 60);
  ban(model, "bob", 3600);
  ban(model, "eve", 1);
  ban(model, "joe", 3600);
  ban(model, "joe", 0);
  hear(model, "a", [["r", 2, 9], ["other", 1, 9]], 5500);
  assert.deepEqual(tasks(model, "a", 5500), ["RoomClose all 54.5", "RoomBanClient bob 3594.5"]);
  hear(model, "a", [["r", 2, 9]], 10_500);
  assert.deepEqual(tasks(model, "a", 10_500), []);
  checkConsistency(model);
});

Deno.test("so is one to which somebody was let in after the ban, once the room is listed", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  ban(model, "bob", 3600);
  place(model, "r", "ann", 0);
  assert.deepEqual(tasks(model, "a", 0), [], "it has no such room yet");
  hear(model, "a", [["r", 2, 1]], 5000);
  assert.deepEqual(tasks(model, "a", 5000), ["RoomBanClient bob 3595"]);
});

Deno.test("a ban that was told is not told again where the room is opened anew elsewhere", () => {
  const model = testModel({ tokenLifetime: SECOND });
  hear(model, "a", [["r", 2, 9]], 0);
  ban(model, "bob", 3600);
  hear(model, "a", [], 5000);
  hear(model, "b", [], 5000);
  tick(model, 7000);
  place(model, "r", "ann", 7000);
  const server = model.groups.room(["acme", "r"])!.group.server.address === address("a") ? "a" : "b";
  handOverTasks(model, address(server), 7000);
  hear(model, server, [["r", 1, 1]], 8000);
  assert.deepEqual(model.servers.get(address(server))!.tasks.size, 0);
});

Deno.test("where another server has the room after all, it is told what the first one was told", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  place(model, "r", "ann", 0);
  ban(model, "bob", 3600);
  assert.deepEqual(tasks(model, "a", 0), ["RoomBanClient bob 3600"]);
  hear(model, "b", [["r", 3, 60]], 1000);
  assert.deepEqual(tasks(model, "b", 1000), ["RoomBanClient bob 3599"]);
  checkConsistency(model);
});

Deno.test("a queue that is full takes no more bans, and the report is taken in", () => {
  const model = testModel();
  hear(model, "a", [["full", 1, 9]], 0);
  const send = { task: "RoomSendMessage", id: ["acme", "full"], user_id: "u", message: [] } as const;
  while (manage(model, { task: send }, 0).outcome === "accepted");
  ban(model, "bob", 3600);
  const before = model.servers.get(address("a"))!.tasks.size;
  hear(model, "a", [["full", 1, 9], ["r", 2, 9]], 1000);
  assert.equal(model.servers.get(address("a"))!.tasks.size, before);
  assert.ok(model.groups.room(["acme", "r"]));
});

Deno.test("of several gateways that one tells the server which has heard it, be the ban there before the room or after", () => {
  for (const first of ["ban", "room"] as const) {
    const [one, other, third] = [1, 2, 3].map((gateway) =>
      Object.assign(testModel(), { shared: true, gateway })
    );
    const all = [one!, other!, third!];
    const tell = (from: Model, changes: readonly Change[]) =>
      all.flatMap((model) => model === from ? [] : follow(model, changes, 0));
    tell(one!, hear(one!, "a", [], 0));
    const banned = first === "ban" ? ban(other!, "bob", 60) : [];
    tell(other!, banned);
    const opened = hear(one!, "a", [["r", 2, 9]], 0);
    const late = first === "room" ? ban(other!, "bob", 60) : [];
    const said = [...tell(one!, opened), ...tell(other!, late)];
    const queued = [...opened, ...said].filter(({ type }) => type === "task-queued");
    assert.equal(queued.length, 1, first);
    // The store tells of the same ban again when a gateway compares itself with it.
    assert.deepEqual(tell(other!, [...banned, ...late]), []);
    for (const model of all) assert.deepEqual(ask(model, "r", "bob").granted, false);
  }
});
