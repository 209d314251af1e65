import assert from "node:assert/strict";
import { call, CallError, get } from "./rpc.ts";

/** Answers what the page asks for, as the gateway would, and puts it where the page looks. */
async function answering(answer: () => Response, ask: () => Promise<unknown>): Promise<unknown> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const { fetch: original } = globalThis;
  globalThis.fetch = (path, options) => original(`http://127.0.0.1:${server.addr.port}${path}`, options);
  try {
    return await ask();
  } finally {
    globalThis.fetch = original;
  }
}

const refusal = () =>
  Response.json({ jsonrpc: "2.0", id: null, error: { code: -32000, message: "no user" } }, { status: 401 });

Deno.test("a request that is refused as a whole is an error with its reason, also where no method was called", async () => {
  for (const ask of [() => get("/dashboard/history"), () => call("gateway.Status", {})]) {
    await assert.rejects(
      answering(refusal, ask),
      (error) => error instanceof CallError && error.message === "no user",
    );
  }
  await assert.rejects(answering(() => new Response("oops", { status: 502 }), () => get("/x")), /status 502/);
});

Deno.test("a result comes as it is", async () => {
  const result = () => Response.json({ jsonrpc: "2.0", id: 1, result: { rooms: 3 } });
  assert.deepEqual(await answering(result, () => call("gateway.Status", {})), { rooms: 3 });
  assert.deepEqual(await answering(() => Response.json({ hour: [1] }), () => get("/dashboard/history")), {
    hour: [1],
  });
});
