import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { readConfig } from "../src/config/load.ts";
import { listen } from "../src/edge/http/listener.ts";
import type { Stream } from "../src/edge/http/message.ts";
import { eventually } from "./gateway.ts";

/** A listener whose every answer is this stream. */
async function streaming(stream: Stream, connections: object = {}) {
  const { settings } = readConfig({ http: { hostname: "127.0.0.1", port: 0 }, customers: [], connections });
  const listener = await listen(settings, () => Promise.resolve({ status: 200, body: null, stream }));
  return { ...listener, [Symbol.asyncDispose]: () => listener.stop(0) };
}

/** What a stream was told: whether it has ended. */
function endings() {
  let ended = 0;
  return {
    note: () => void ended++,
    async isEnded() {
      await eventually(() => ended, (ended) => ended === 1, "it is told once that it has ended");
    },
  };
}

Deno.test("a body that goes on comes piece by piece, until its sender ends it", async () => {
  const ends = endings();
  await using listener = await streaming({
    open(send, end) {
      send("one ");
      setTimeout(() => send("two "), 20);
      setTimeout(end, 40);
      return ends.note;
    },
  });
  const response = await fetch(listener.url);
  assert.equal(await response.text(), "one two ");
  await ends.isEnded();
});

Deno.test("a body that goes on ends where its reader goes, over HTTP/2 too", async (t) => {
  await t.step("HTTP/1.1", async () => {
    const ends = endings();
    await using listener = await streaming({ open: (send) => (send("one"), ends.note) });
    const controller = new AbortController();
    const response = await fetch(listener.url, { signal: controller.signal });
    assert.equal(response.status, 200);
    controller.abort();
    await ends.isEnded();
  });
  await t.step("HTTP/2", async () => {
    const ends = endings();
    await using listener = await streaming({ open: (send) => (send("one"), ends.note) });
    const session = connectHttp2(listener.url);
    session.on("error", () => {});
    const stream = session.request({ ":path": "/" });
    const piece = await new Promise<string>((resolve) =>
      stream.once("data", (data) => resolve(String(data)))
    );
    assert.equal(piece, "one");
    session.destroy();
    await ends.isEnded();
  });
});

Deno.test("a peer that does not read a body that goes on is cut off, and what is kept for it is bounded", async () => {
  const ends = endings();
  let sent = 0;
  const piece = "x".repeat(100_000);
  await using listener = await streaming({
    open(send) {
      const timer = setInterval(() => (send(piece), sent += piece.length), 5);
      return () => {
        clearInterval(timer);
        ends.note();
      };
    },
  }, { bodyTimeout: 1, sendTimeout: 1 });
  const { hostname, port } = new URL(listener.url);
  const socket = connect(Number(port), hostname, () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  socket.on("error", () => {});
  socket.pause();
  await ends.isEnded();
  socket.destroy();
  assert.ok(sent < 100_000_000, `${sent} characters`);
});

Deno.test("a body that goes on, and is read, has no time-out", async () => {
  await using listener = await streaming({
    open(send, end) {
      const timer = setInterval(() => send("."), 300);
      const ending = setTimeout(end, 5000);
      return () => {
        clearInterval(timer);
        clearTimeout(ending);
      };
    },
  }, { bodyTimeout: 1, sendTimeout: 1, idleTimeout: 1 });
  assert.match(await (await fetch(listener.url)).text(), /^\.{10,}$/);
});
