import assert from "node:assert/strict";
import { Backlog, type Message } from "./backlog.ts";

let sequence = 0;
function message(order: string, body = "body", created = 0): Message {
  return { sequence: ++sequence, id: `id ${sequence}`, order, body, created };
}

/** Takes until nothing may be sent. */
function takeAll(backlog: Backlog): Message[] {
  const taken: Message[] = [];
  for (let next; (next = backlog.take()) !== undefined;) taken.push(next);
  return taken;
}

const WIDE = { messages: 100, length: 1e6 };

Deno.test("messages of one order come one after the other, those of others meanwhile", () => {
  const backlog = new Backlog(WIDE);
  const [a1, a2, b1] = [message("a"), message("a"), message("b")];
  for (const each of [a1, a2, b1]) backlog.add(each);
  assert.deepEqual(takeAll(backlog), [a1, b1]);
  backlog.done(a1);
  assert.deepEqual(takeAll(backlog), [a2]);
  backlog.done(a2);
  backlog.done(b1);
  assert.deepEqual([backlog.size, backlog.length, backlog.oldest], [0, 0, undefined]);
});

Deno.test("one that failed keeps its own order waiting until it may be sent again, and counts its failures", () => {
  const backlog = new Backlog(WIDE);
  const [a1, a2, b1] = [message("a"), message("a"), message("b")];
  for (const each of [a1, a2, b1]) backlog.add(each);
  takeAll(backlog);
  assert.equal(backlog.failed(a1), 1);
  backlog.done(b1);
  assert.deepEqual(takeAll(backlog), []);
  backlog.again(a1);
  assert.deepEqual(takeAll(backlog), [a1]);
  assert.equal(backlog.failed(a1), 2);
  backlog.again(a1);
  backlog.done(takeAll(backlog)[0]!);
  assert.deepEqual(takeAll(backlog), [a2]);
  assert.equal(backlog.failed(a2), 1);
});

Deno.test("when too many wait the oldest goes that is not on its way", () => {
  const backlog = new Backlog({ messages: 3, length: 1e6 });
  const [a1, a2, b1, c1, d1] = ["a", "a", "b", "c", "d"].map((order) => message(order));
  for (const each of [a1!, a2!, b1!]) assert.deepEqual(backlog.add(each), []);
  assert.equal(backlog.take(), a1);
  assert.deepEqual(backlog.add(c1!), [a2]);
  assert.deepEqual(backlog.add(d1!), [b1]);
  assert.equal(backlog.size, 3);
  backlog.done(a1!);
  assert.deepEqual(takeAll(backlog), [c1, d1]);
});

Deno.test("the length of all bodies is bounded, and one that alone is too long is not taken", () => {
  const backlog = new Backlog({ messages: 100, length: 10 });
  const [a, b, long] = [message("a", "12345"), message("b", "12345"), message("c", "12345678901")];
  backlog.add(a);
  backlog.add(b);
  const c = message("c", "1");
  assert.deepEqual(backlog.add(c), [a]);
  assert.deepEqual(backlog.add(long), [b, c, long]);
  assert.equal(backlog.length, 0);
});

Deno.test("when all that wait are on their way, the newcomer goes", () => {
  const backlog = new Backlog({ messages: 1, length: 1e6 });
  backlog.add(message("a"));
  backlog.take();
  const late = message("b");
  assert.deepEqual(backlog.add(late), [late]);
});

Deno.test("those that happened too long ago are taken out, but for what is on its way", () => {
  const backlog = new Backlog(WIDE);
  const [a1, a2, b1, c1] = [
    message("a", "", 1),
    message("a", "", 2),
    message("b", "", 3),
    message("c", "", 9),
  ];
  for (const each of [a1, a2, b1, c1]) backlog.add(each);
  backlog.take();
  assert.deepEqual(backlog.takeOlderThan(2), []);
  assert.deepEqual(backlog.takeOlderThan(5), [a2, b1]);
  assert.equal(backlog.oldest, 1);
});

Deno.test("it can be emptied", () => {
  const backlog = new Backlog(WIDE);
  const [a, b] = [message("a"), message("b")];
  backlog.add(a);
  backlog.add(b);
  backlog.take();
  assert.deepEqual(backlog.clear(), [a, b]);
  backlog.done(a);
  backlog.again(a);
  assert.deepEqual([backlog.size, takeAll(backlog)], [0, []]);
});
