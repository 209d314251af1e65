import assert from "node:assert/strict";
import {
  endHandOver,
  type Fate,
  handOverTasks,
  manage,
  type Model,
  report,
  type Task,
  tick,
} from "../mod.ts";
import { address, hear, place, SETTINGS, testModel } from "../testing.ts";

const A = address("a");
const INTERVAL = 5000;

const update = (byte: number): Task => ({ task: "RoomUpdate", id: ["acme", "r"], user_data: [byte] });
const message = (byte: number): Task => ({
  task: "RoomSendMessage",
  id: ["acme", "r"],
  user_id: "u",
  message: [byte],
});

/** A model with a room on a server, for which these tasks wait. */
function waiting(...tasks: Task[]): Model {
  const model = testModel();
  hear(model, "a", [["r", 1, 100]], 0);
  for (const task of tasks) assert.equal(manage(model, { task }, 0).outcome, "accepted");
  return model;
}

/** Reports at a time; what is handed over, and by which number. */
function ask(model: Model, now: number): { tasks: Task[]; id: number | undefined } {
  hear(model, "a", [["r", 1, 100]], now);
  const { tasks, handOver } = handOverTasks(model, A, now);
  return { tasks, id: handOver };
}

function end(model: Model, id: number | undefined, fate: Fate, now: number): void {
  assert.ok(id !== undefined);
  endHandOver(model, A, id, fate, now);
}

/** What is handed over by reports whose answers all end in one way, until there is nothing. */
function byFate(fate: Fate | "open", ...tasks: Task[]): Task[][] {
  const model = waiting(...tasks);
  const answers: Task[][] = [];
  for (let now = INTERVAL; answers.length < 6; now += INTERVAL) {
    const { tasks, id } = ask(model, now);
    if (tasks.length === 0) break;
    answers.push(tasks);
    if (fate !== "open") end(model, id, fate, now + 1);
  }
  return answers;
}

Deno.test("a task that was read is handed over once", () => {
  assert.deepEqual(byFate("read", update(1), message(2)), [[update(1), message(2)]]);
});

for (const fate of ["unknown", "open"] as const) {
  Deno.test(`where nothing proves that it was read (${fate}), a task comes twice, and a message once`, () => {
    assert.deepEqual(byFate(fate, update(1), message(2), update(3)), [
      [update(1), message(2), update(3)],
      [update(1), update(3)],
    ]);
  });
}

Deno.test("a task whose answer is lost comes again and again, messages too, in order", () => {
  const answers = byFate("lost", update(1), message(2));
  assert.equal(answers.length, 6);
  for (const tasks of answers) assert.deepEqual(tasks, [update(1), message(2)]);
});

Deno.test("an answer that is lost does not count as one that may have been read", () => {
  const model = waiting(update(1));
  end(model, ask(model, 5000).id, "unknown", 5001);
  end(model, ask(model, 10_000).id, "lost", 10_001);
  assert.deepEqual(ask(model, 15_000).tasks, [update(1)]);
});

Deno.test("a message waits for the fate of its answer while others go on, and comes again when that breaks", () => {
  const model = waiting(message(1));
  const first = ask(model, 5000);
  manage(model, { task: update(2) }, 6000);
  const second = ask(model, 10_000);
  assert.deepEqual(second.tasks, [update(2)]);
  end(model, first.id, "lost", 11_000);
  end(model, second.id, "read", 14_000);
  assert.deepEqual(ask(model, 15_000).tasks, [message(1)]);
});

Deno.test("the late end of a first answer does not end what a second one carries", () => {
  const model = waiting(update(1));
  const first = ask(model, 5000);
  const second = ask(model, 10_000);
  end(model, first.id, "unknown", 10_001);
  end(model, second.id, "lost", 10_002);
  assert.deepEqual(ask(model, 15_000).tasks, [update(1)]);
});

Deno.test("an answer that was given up, and that turns out to be lost, does not count as one that may have been read", () => {
  const model = waiting(update(1));
  const first = ask(model, 5000);
  const second = ask(model, 10_000);
  end(model, first.id, "lost", 10_001);
  end(model, second.id, "unknown", 10_002);
  assert.deepEqual(ask(model, 15_000).tasks, [update(1)]);
});

Deno.test("an answer that was given up, and that turns out to have been read, ends its tasks", () => {
  const model = waiting(update(1));
  const first = ask(model, 5000);
  const second = ask(model, 10_000);
  end(model, first.id, "read", 10_001);
  end(model, second.id, "lost", 10_002);
  assert.deepEqual(ask(model, 15_000).tasks, []);
});

Deno.test("a RoomClose that may have been read has done its work when the room is listed no more", () => {
  const close: Task = { task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 0, nanos: 0 } };
  const model = waiting(close);
  model.groups.room(["acme", "r"])!.granted = 4000; // so that the place outlives the room
  end(model, ask(model, 5000).id, "unknown", 5001);
  hear(model, "a", [], 10_000);
  assert.deepEqual(handOverTasks(model, A, 10_000).tasks, []);
});

Deno.test("the fates of one server's answers are bounded", () => {
  const model = waiting();
  for (let i = 0; i < 100; i++) {
    manage(model, { task: message(i) }, i * INTERVAL);
    handOverTasks(model, A, i * INTERVAL);
    report(
      model,
      { address: A, pool: "default", version: "1", load: 0, clients: 1, rooms: [] },
      i * INTERVAL,
    );
    hear(model, "a", [["r", 1, 100]], i * INTERVAL);
  }
  assert.ok(model.servers.get(A)!.handOvers.size <= 9);
});

Deno.test("a message whose answers are never told of is handed over once, however many follow it", () => {
  const model = waiting();
  const seen = new Map<number, number>();
  for (let i = 0; i < 30; i++) {
    manage(model, { task: message(i) }, i * INTERVAL);
    for (const task of ask(model, i * INTERVAL).tasks) {
      if (task.task === "RoomSendMessage") seen.set(task.message[0]!, (seen.get(task.message[0]!) ?? 0) + 1);
    }
  }
  assert.deepEqual([...seen.values()], new Array(30).fill(1));
});

Deno.test("a task whose call may still be refused is not handed over, nor one that was asked for after it", () => {
  const model = waiting(update(1), update(2), update(3));
  const [, open] = model.servers.get(A)!.tasks;
  const first = handOverTasks(model, A, 5000, open!.sequence);
  assert.deepEqual(first.tasks, [update(1)]);
  end(model, first.handOver, "read", 5001);
  assert.deepEqual(handOverTasks(model, A, 10_000, open!.sequence).tasks, []);
  assert.deepEqual(handOverTasks(model, A, 10_000).tasks, [update(2), update(3)]);
});

Deno.test("of the tasks that are handed over it is known how many were before", () => {
  const model = waiting(update(1));
  const repeated = (now: number) => handOverTasks(model, A, now).repeated;
  assert.equal(repeated(INTERVAL), 0);
  manage(model, { task: update(2) }, INTERVAL);
  assert.equal(repeated(2 * INTERVAL), 1);
  assert.equal(repeated(3 * INTERVAL), 1, "the first is over");
  assert.equal(repeated(4 * INTERVAL), 0, "there is nothing left");
});

/**
 * A message has been handed over to a server, which falls silent; its room, and the message with it, goes to another one
 * before it is known whether the message was read.
 */
function movedMessage(): { model: Model; id: number | undefined; askB: (now: number) => Task[] } {
  const model = waiting(message(1));
  hear(model, "b", [], 0);
  const { tasks, id } = ask(model, INTERVAL);
  assert.deepEqual(tasks, [message(1)]);
  hear(model, "b", [], 12_000);
  tick(model, 13_000);
  assert.equal(place(model, "r", "u", 13_000), address("b"));
  const askB = (now: number) => {
    hear(model, "b", [["r", 1, 1]], now);
    return handOverTasks(model, address("b"), now).tasks;
  };
  return { model, id, askB };
}

Deno.test("a message that moved with its room after it was handed over waits for what became of it, and is over once it was read", () => {
  const { model, id, askB } = movedMessage();
  assert.deepEqual(askB(14_000), []);
  end(model, id, "read", 15_000);
  assert.deepEqual(askB(20_000), []);
  assert.equal(model.taskBytes.total, 0);
});

Deno.test("a message that moved with its room and was lost on its way is handed over by the other server", () => {
  const { model, id, askB } = movedMessage();
  manage(model, { task: update(2) }, 13_500);
  assert.deepEqual(askB(14_000), [update(2)], "what is behind it does not wait");
  end(model, id, "lost", 15_000);
  assert.deepEqual(askB(20_000), [message(1), update(2)]);
});

Deno.test("a message whose first server is removed before it is known what became of it is handed over", () => {
  const { model, askB } = movedMessage();
  for (let now = 14_000; now < INTERVAL + SETTINGS.removeTimeout; now += INTERVAL) {
    assert.deepEqual(askB(now), []);
    tick(model, now);
  }
  tick(model, INTERVAL + SETTINGS.removeTimeout);
  assert.deepEqual(askB(INTERVAL + SETTINGS.removeTimeout), [message(1)]);
});

Deno.test("a message that comes back to its first server is neither handed over twice nor lost", () => {
  const { model, id, askB } = movedMessage();
  askB(14_000);
  const moveBack = (now: number) => {
    tick(model, now);
    assert.equal(place(model, "r", "u2", now), A);
  };
  hear(model, "a", [], 30_000);
  moveBack(30_000);
  assert.deepEqual(ask(model, 31_000).tasks, []);
  end(model, id, "lost", 32_000);
  assert.deepEqual(ask(model, 36_000).tasks, [message(1)]);
});
