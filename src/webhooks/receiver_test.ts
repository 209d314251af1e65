import assert from "node:assert/strict";
import type { Timers } from "../gateway/timers.ts";
import type { Message } from "./backlog.ts";
import type { Outcome, Sent } from "./delivery.ts";
import { Receiver, TRIED_FOR } from "./receiver.ts";

/** Timers that a test lets pass. */
class TestTimers implements Timers {
  now = 0;
  #acts: { readonly at: number; readonly act: () => void }[] = [];

  after(wait: number, act: () => void): () => void {
    const its = { at: this.now + wait, act };
    this.#acts.push(its);
    return () => this.#acts = this.#acts.filter((other) => other !== its);
  }

  every(): () => void {
    throw new Error("not used");
  }

  /** When the next is due. */
  get next(): number | undefined {
    return this.#acts.length === 0 ? undefined : Math.min(...this.#acts.map(({ at }) => at));
  }

  async pass(milliseconds: number): Promise<void> {
    await settled();
    const end = this.now + milliseconds;
    for (let next; (next = this.next) !== undefined && next <= end;) {
      this.now = next;
      const due = this.#acts.filter(({ at }) => at <= this.now);
      this.#acts = this.#acts.filter(({ at }) => at > this.now);
      for (const { act } of due) act();
      await settled();
    }
    this.now = end;
  }
}

/** All that promises have to do is done. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

const OK: Outcome = { kind: "delivered", status: 200 };
const FAILED: Outcome = { kind: "failed", reason: "it answers with status 500", status: 500 };

/** A receiver whose answers a test gives. */
class Bench {
  readonly timers = new TestTimers();
  /** Messages that are on their way, with how to answer them. */
  readonly underWay: { readonly id: string; answer(outcome: Outcome): Promise<void> }[] = [];
  /** Ids in the order in which they were sent. */
  readonly sent: string[] = [];
  readonly done: string[] = [];
  readonly states: string[] = [];
  /** Answers at once, where it is set. */
  answer: ((id: string) => Outcome) | undefined;
  readonly receiver: Receiver;
  #sequence = 0;

  constructor(messages = 1000) {
    this.receiver = new Receiver(undefined, {
      send: (sent) => this.#send(sent),
      bound: { messages, length: 1e6 },
      timers: this.timers,
      unixTime: () => this.timers.now,
      random: () => 0.5,
      done: ({ id }) => this.done.push(id),
      changed: (state) => this.states.push(state),
    });
    this.receiver.start();
  }

  add(order: string, id = order): void {
    const message: Message = { sequence: ++this.#sequence, id, order, body: "{}", created: this.timers.now };
    this.receiver.add(message);
  }

  #send({ id }: Sent): Promise<Outcome> {
    this.sent.push(id);
    if (this.answer !== undefined) return Promise.resolve(this.answer(id));
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const its = {
      id,
      answer: async (outcome: Outcome) => {
        this.underWay.splice(this.underWay.indexOf(its), 1);
        resolve(outcome);
        await settled();
      },
    };
    this.underWay.push(its);
    return promise;
  }
}

Deno.test("eight messages are on their way at a time, of one order one", async () => {
  const bench = new Bench();
  for (let i = 0; i < 20; i++) bench.add(`order ${i}`);
  bench.add("order 0", "again order 0");
  assert.equal(bench.underWay.length, 8);
  await bench.underWay[0]!.answer(OK);
  assert.equal(bench.underWay.length, 8);
  assert.deepEqual(bench.done, ["order 0"]);
  assert.ok(!bench.sent.includes("again order 0"));
});

Deno.test("a failing receiver is asked with one message at a time, less and less often, until it works", async () => {
  const bench = new Bench();
  bench.answer = () => FAILED;
  bench.add("a");
  bench.add("b");
  await settled();
  const times: number[] = [];
  for (let i = 0; i < 12; i++) {
    const before = bench.sent.length;
    while (bench.sent.length === before) await bench.timers.pass(bench.timers.next! - bench.timers.now);
    times.push(bench.timers.now);
  }
  const waits = times.map((time, i) => time - (times[i - 1] ?? 0));
  assert.ok(waits.at(-1)! > 100_000, waits.join());
  assert.equal(bench.receiver.state, "fails");
  bench.answer = () => OK;
  await bench.timers.pass(2 * 600_000);
  assert.deepEqual(bench.done.toSorted(), ["a", "b"]);
  assert.deepEqual(bench.states, ["fails", "works"]);
  assert.equal(bench.receiver.delivered, 2);
});

Deno.test("one message that is never taken keeps the others no longer than a moment", async () => {
  const bench = new Bench();
  bench.answer = (id) => id === "poison" ? FAILED : OK;
  bench.add("bad", "poison");
  bench.add("bad", "after poison");
  for (let i = 0; i < 50; i++) bench.add(`good ${i}`);
  await bench.timers.pass(60_000);
  assert.equal(bench.done.filter((id) => id.startsWith("good")).length, 50);
  assert.ok(!bench.sent.includes("after poison"));
  await bench.timers.pass(TRIED_FOR + 600_000);
  assert.ok(bench.done.includes("poison"));
  assert.equal(bench.receiver.dropped["not delivered within a day"], 2);
});

Deno.test("a receiver that has failed is left alone for a moment, and then gets one message", async () => {
  const bench = new Bench();
  for (let i = 0; i < 12; i++) bench.add(`order ${i}`);
  for (const { answer } of [...bench.underWay]) await answer(FAILED);
  assert.equal(bench.underWay.length, 0);
  await bench.timers.pass(10_000);
  assert.equal(bench.underWay.length, 1);
});

for (const underWay of [1, 3, 8]) {
  Deno.test(`an outage counts once, however many messages it meets (${underWay})`, async () => {
    const bench = new Bench();
    for (let i = 0; i < 30; i++) bench.add(i < underWay ? `order ${i}` : "order 0", `message ${i}`);
    for (const { answer } of [...bench.underWay]) await answer(FAILED);
    assert.equal(bench.timers.next, 1000);
    await bench.timers.pass(1000);
    await bench.underWay[0]!.answer(FAILED);
    await bench.timers.pass(1999);
    assert.equal(bench.underWay.length, 0);
    await bench.timers.pass(1);
    assert.equal(bench.underWay.length, 1);
    bench.answer = () => OK;
    await bench.underWay[0]!.answer(OK);
    await bench.timers.pass(4000);
    assert.equal(bench.done.length, 30);
  });
}

Deno.test("what was sent before a failure and fails late does not lengthen the outage", async () => {
  const bench = new Bench();
  for (let i = 0; i < 12; i++) bench.add(`order ${i}`);
  const [first, ...late] = [...bench.underWay];
  await first!.answer(FAILED);
  await bench.timers.pass(1000);
  for (const { answer } of late) await answer(FAILED);
  assert.equal(bench.receiver.state, "fails");
  assert.equal(bench.underWay.length, 1);
  bench.answer = () => OK;
  await bench.underWay[0]!.answer(OK);
  await bench.timers.pass(3000);
  assert.equal(bench.receiver.state, "works");
  assert.equal(bench.done.length, 12);
});

Deno.test("the longest wait that is asked for is kept, whichever answer asks for it", async () => {
  const bench = new Bench();
  for (let i = 0; i < 12; i++) bench.add(`order ${i}`);
  for (const [i, { answer }] of [...bench.underWay].entries()) {
    await answer(i === 5 ? { ...FAILED, wait: 300_000 } : FAILED);
  }
  await bench.timers.pass(299_999);
  assert.equal(bench.underWay.length, 0);
  await bench.timers.pass(1);
  assert.equal(bench.underWay.length, 1);
});

Deno.test("a receiver that asks to wait is waited for, with all messages", async () => {
  const bench = new Bench();
  bench.answer = () => ({ ...FAILED, wait: 300_000 });
  for (let i = 0; i < 12; i++) bench.add(`order ${i}`);
  await bench.timers.pass(299_999);
  assert.equal(bench.sent.length, 8);
  await bench.timers.pass(1);
  assert.equal(bench.sent.length, 9);
});

Deno.test("410 ends it: what waits is dropped and counted, and nothing is taken any more", async () => {
  const bench = new Bench();
  for (const order of ["a", "b", "c"]) bench.add(order);
  await bench.underWay[0]!.answer({ kind: "gone", status: 410 });
  assert.deepEqual(bench.done, ["a", "b", "c"]);
  assert.equal(bench.receiver.dropped["the receiver wants no more (410)"], 3);
  assert.equal(bench.receiver.wants("server.back"), false);
  await bench.underWay[0]!.answer(OK);
  assert.deepEqual([bench.done.length, bench.states], [3, ["ended"]]);
});

Deno.test("what is dropped because too many wait is counted, and does not stay in the outbox", () => {
  const bench = new Bench(3);
  for (const order of ["a", "a", "a", "b"]) bench.add(order, `${order} ${bench.sent.length}`);
  assert.equal(bench.receiver.dropped["too many wait"], 1);
  assert.equal(bench.done.length, 1);
});

Deno.test("a stopped receiver sends nothing, and what was on its way counts for nothing", async () => {
  const bench = new Bench();
  bench.add("a");
  bench.receiver.stop();
  await bench.underWay[0]!.answer(OK);
  bench.add("b");
  assert.deepEqual([bench.sent, bench.done, bench.timers.next], [["a"], [], undefined]);
});
