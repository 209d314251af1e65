import assert from "node:assert/strict";
import { Gate, Moved } from "./gate.ts";

const body = new Uint8Array();
const takenOver = { name: "RpcError", kind: "unavailable", message: /another process has taken over/ };

Deno.test("a gate that closes does not wait for a request that waits elsewhere", async () => {
  const gate = new Gate();
  const visit = gate.enter(body);
  const receiver = Promise.withResolvers<string>();
  const answer = visit.elsewhere(() => receiver.promise);
  assert.equal(await gate.close(10_000), true);
  receiver.resolve("answered");
  let settled = false;
  answer.finally(() => settled = true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(settled, false, "it is not known yet who goes on with the request");
  gate.open();
  assert.equal(await answer, "answered");
  assert.equal(visit.isInside, true);
  assert.equal(await gate.close(1), false, "it is waited for again");
  visit.leave();
  visit.leave();
  assert.equal(await gate.close(0), true, "and left once, however often that is said");
});

Deno.test("who waits elsewhere is told at once that another process has taken over, and comes in no more", async () => {
  const gate = new Gate();
  const visit = gate.enter(body);
  const answer = visit.elsewhere(() => new Promise(() => {}));
  await gate.close(0);
  gate.move();
  await assert.rejects(answer, takenOver);
  await assert.rejects(visit.comeIn(), takenOver);
  assert.equal(visit.isInside, false);
  assert.throws(() => gate.enter(body), Moved);
});

Deno.test("what fails elsewhere fails the request, which is still counted right", async () => {
  const gate = new Gate();
  const visit = gate.enter(body);
  await assert.rejects(visit.elsewhere(() => Promise.reject(new Error("no such file"))), /no such file/);
  visit.leave();
  assert.equal(await gate.close(0), true);
});

Deno.test("what is to be done inside waits while the gate is closed, and is not done where another process answers", async () => {
  const gate = new Gate();
  const done: string[] = [];
  for (const open of [true, false]) {
    await gate.close(0);
    const doing = gate.during(() => done.push(open ? "here" : "there"));
    const outcome = doing.then(() => "done", (error) => error.message);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(done.length, open ? 0 : 1);
    if (open) gate.open();
    else gate.move();
    assert.match(await outcome, open ? /done/ : takenOver.message);
  }
  assert.deepEqual(done, ["here"]);
});

Deno.test("a gate that closes again at once keeps those out who waited", async () => {
  const gate = new Gate();
  const visit = gate.enter(body);
  visit.leave();
  await gate.close(0);
  const back = visit.comeIn();
  gate.open();
  assert.equal(await gate.close(0), true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(visit.isInside, false);
  gate.open();
  await back;
  assert.equal(await gate.close(1), false);
});
