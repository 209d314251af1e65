import assert from "node:assert/strict";
import { Gate } from "../edge/gate.ts";
import type { HttpAnswer, HttpRequest } from "../edge/http/message.ts";
import { movable } from "./moving.ts";

const answerWith = (body: string): HttpAnswer => ({ status: 200, body });
const request = { method: "POST" } as HttpRequest;

/** One that answers behind a gate, and how far its calls have got. */
function behindGate() {
  const gate = new Gate();
  const bodies: string[] = [];
  const passed: (string | undefined)[] = [];
  const finish: (() => void)[] = [];
  const handler = movable(gate, async (request) => {
    let body = "";
    for await (const piece of request.body ?? []) body += new TextDecoder().decode(piece);
    const visit = gate.enter(new TextEncoder().encode(body || "read"));
    try {
      bodies.push(body);
      await new Promise<void>((resolve) => finish.push(resolve));
      return answerWith("here");
    } finally {
      visit.leave();
    }
  }, (_request, body) => {
    passed.push(body && new TextDecoder().decode(body));
    return Promise.resolve(answerWith("there"));
  });
  return { gate, handler, bodies, passed, finish };
}

Deno.test("a request that is with the gateway is waited for before anything is handed over", async () => {
  const { gate, handler, finish } = behindGate();
  const answer = handler(request);
  await new Promise((resolve) => setTimeout(resolve, 0));
  const held = gate.close(10_000);
  finish[0]!();
  assert.equal(await held, true);
  assert.deepEqual(await answer, answerWith("here"));
});

Deno.test("requests wait while it is not known who answers, and are then passed on with a request for a new connection", async () => {
  const { gate, handler, passed } = behindGate();
  assert.equal(await gate.close(0), true);
  let settled = false;
  const answer = handler(request).finally(() => settled = true);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(settled, false);
  gate.move();
  assert.deepEqual(await answer, { ...answerWith("there"), headers: { Connection: "close" } });
  assert.deepEqual(passed, [undefined]);
  await handler(request);
  assert.equal(passed.length, 2, "later ones too");
});

Deno.test("requests that waited are answered here where the other process did not get ready", async () => {
  const { gate, handler, bodies, finish } = behindGate();
  await gate.close(0);
  const answer = handler(request);
  gate.open();
  await new Promise((resolve) => setTimeout(resolve, 0));
  finish[0]!();
  assert.deepEqual(await answer, answerWith("here"));
  assert.equal(bodies.length, 1);
});

Deno.test("a request whose body was read when the gate closed keeps its body, wherever it is answered", async () => {
  const { gate, handler, bodies, passed, finish } = behindGate();
  const slow = Promise.withResolvers<void>();
  const sending = async function* () {
    yield new TextEncoder().encode("one ");
    await slow.promise;
    yield new TextEncoder().encode("two");
  };
  const ask = () =>
    handler({
      ...request,
      get body() {
        return sending();
      },
    } as HttpRequest);
  const [first, second] = [ask(), ask()];
  await gate.close(0);
  slow.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
  gate.open();
  await new Promise((resolve) => setTimeout(resolve, 0));
  finish.forEach((each) => each());
  assert.deepEqual(await Promise.all([first, second]), [answerWith("here"), answerWith("here")]);
  assert.deepEqual(bodies, ["one two", "one two"]);
  await gate.close(0);
  assert.equal(gate.isOpen, false);
  const third = ask();
  gate.move();
  await third;
  assert.deepEqual(passed, [undefined], "what has not been read is passed on piece by piece");
});

Deno.test("calls that do not end in time keep the gateway from being handed over, and nothing waits any more", async () => {
  const { gate, handler, finish } = behindGate();
  const answer = handler(request);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(await gate.close(1), false);
  const next = handler(request);
  await new Promise((resolve) => setTimeout(resolve, 0));
  finish.forEach((each) => each());
  assert.deepEqual(await Promise.all([answer, next]), [answerWith("here"), answerWith("here")]);
});

Deno.test("what is not to wait is answered while it is not known who answers, up to the gate", async () => {
  const gate = new Gate();
  const passed: (string | undefined)[] = [];
  const handler = movable(
    gate,
    // deno-lint-ignore require-await -- a handler is asynchronous
    async ({ method }) => {
      if (method === "POST") gate.enter(new TextEncoder().encode("read")).leave();
      return answerWith("here");
    },
    (_request, body) => {
      passed.push(body && new TextDecoder().decode(body));
      return Promise.resolve(answerWith("there"));
    },
    () => false,
  );
  const health = { method: "GET" } as HttpRequest;
  await gate.close(0);
  const waiting = handler(request);
  assert.deepEqual(await handler(health), answerWith("here"));
  gate.move();
  const there = { ...answerWith("there"), headers: { Connection: "close" } };
  assert.deepEqual(await waiting, there);
  assert.deepEqual(await handler(health), there);
  assert.deepEqual(passed, ["read", undefined]);
});
