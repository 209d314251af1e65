import assert from "node:assert/strict";
import { generateAccessKey, TokenGenerator } from "@4players/odin-tokens";
import fc from "../../tests/packages/fast_check.ts";
import { publicKey } from "../../sim/access_key.ts";
import { readConfig } from "../config/load.ts";
import type { ShownFleet } from "../gateway/port.ts";
import { Gate } from "./gate.ts";
import { Connection } from "./http/connection.ts";
import type { HttpAnswer, HttpRequest } from "./http/message.ts";
import { createHandler } from "./handler.ts";
import { createOperatorRoute } from "./operator_route.ts";
import { createEdgeContext, createGatewayHandler } from "./testing.ts";

const accessKey = generateAccessKey();
const { settings } = readConfig({});
const customer: Parameters<typeof createGatewayHandler>[0] = {
  id: "acme",
  maxPeers: Infinity,
  maxRooms: Infinity,
  accessKeys: [{ publicKey: { ...publicKey(accessKey), kty: "OKP", crv: "Ed25519" } }],
};
const handler = await createGatewayHandler(customer, settings);

const METHODS = ["Connect", "RoomClose", "RoomUpdate", "RoomBanClient", "RoomSendMessage"];
const token = new TokenGenerator(accessKey).createToken("room", "user", { subject: METHODS });

/** Sends a request to the handler, past the listener. */
function send(
  method: string,
  target: string,
  body: Uint8Array = new Uint8Array(),
  authorization = `Bearer ${token}`,
  to = handler,
): Promise<HttpAnswer> {
  return to(requestOf(method, target, body, authorization));
}

function requestOf(method: string, target: string, body: Uint8Array, authorization: string): HttpRequest {
  const headers: Record<string, string> = { authorization };
  async function* pieces() {
    yield body;
  }
  return {
    method,
    target,
    version: "1.1",
    hosts: ["gateway"],
    header: (name) => headers[name],
    headerNames: () => Object.keys(headers),
    caller: "127.0.0.1",
    connection: new Connection(),
    sent: () => true,
    body: pieces(),
  };
}

const post = (path: string, body: string | Uint8Array, authorization?: string) =>
  send("POST", path, typeof body === "string" ? new TextEncoder().encode(body) : body, authorization);

/** No 5xx, and a JSON-RPC object or array, or nothing. */
function checkAnswer({ status, body }: HttpAnswer): void {
  assert.ok(status < 500, `${status}: ${body}`);
  if (status === 204) return assert.equal(body, null);
  for (const answer of [JSON.parse(String(body))].flat()) {
    assert.equal(answer.jsonrpc, "2.0");
    assert.ok("id" in answer && ("result" in answer) !== ("error" in answer));
    if ("error" in answer) assert.notEqual(answer.error.code, -32603, String(body));
  }
}

const methods = fc.constantFrom(
  ...METHODS,
  "sfu.GridConfig",
  "GetConfig",
  "sfu.Report",
  "SubmitReport",
  "Info",
  "server.Drain",
  "server.Resume",
  "server.SetWeight",
  "room.Explain",
  "constructor",
  "__proto__",
);
const params = fc.oneof(
  fc.anything(),
  fc.record({
    room_id: fc.oneof(fc.constant("room"), fc.string({ unit: "binary" }), fc.tuple(fc.string(), fc.string())),
    address: fc.oneof(fc.constant("a:1"), fc.string()),
    deadline: fc.oneof(fc.double(), fc.anything()),
    weight: fc.oneof(fc.double({ min: 0, max: 1 }), fc.anything()),
    user_id: fc.string({ unit: "binary" }),
    ban_time: fc.oneof(fc.double(), fc.anything()),
    user_data: fc.array(fc.integer({ min: -1, max: 256 })),
    message: fc.array(fc.nat(255)),
    server: fc.constantFrom("grid", "saga"),
    version: fc.string(),
    config: fc.string({ unit: "binary" }),
    load: fc.double(),
    clients: fc.nat(),
    public_endpoint: fc.oneof(fc.constant("a:1"), fc.string()),
    rooms: fc.array(fc.record({
      id: fc.tuple(fc.string(), fc.string()),
      customer: fc.string(),
      peers: fc.maxSafeNat(),
      age: fc.oneof(fc.record({ secs: fc.double(), nanos: fc.double() }), fc.anything()),
    })),
  }, { requiredKeys: [] }),
);
const request = fc.record({
  jsonrpc: fc.constant("2.0"),
  id: fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.anything()),
  method: fc.oneof(methods, fc.string()),
  params,
}, { requiredKeys: ["jsonrpc"] });
const body = fc.oneof(request, fc.array(request, { maxLength: 4 }), fc.anything()).map((value) => {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "not JSON"; // a cycle or a bigint
  }
});

for (const path of ["/", "/internal"]) {
  Deno.test(`no JSON value brings a 5xx or an internal error: ${path}`, async () => {
    await fc.assert(fc.asyncProperty(body, async (text) => checkAnswer(await post(path, text))), {
      numRuns: 1500,
    });
  });
}

Deno.test("no bytes bring a 5xx", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array(),
      async (bytes) => checkAnswer(await post("/", bytes)),
    ),
  );
});

Deno.test("no token-shaped string brings a 5xx; each is a 401", async () => {
  const visible = fc.string({ unit: "grapheme-ascii" }).filter((text) => !/[\r\n]/.test(text));
  await fc.assert(fc.asyncProperty(
    fc.oneof(visible, fc.tuple(visible, visible, visible).map((parts) => parts.join("."))),
    async (text) => {
      const response = await post("/", "{}", `Bearer ${text}`);
      assert.equal(response.status, 401);
      checkAnswer(response);
    },
  ));
});

Deno.test("no path or HTTP method brings a 5xx", async () => {
  const path = fc.webUrl({ withQueryParameters: true }).map((url) => new URL(url).pathname);
  const method = fc.constantFrom("GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS");
  await fc.assert(fc.asyncProperty(path, method, async (path, method) => {
    const response = await send(method, path);
    assert.ok(response.status < 500);
  }));
});

Deno.test("no process waits for an answer that shows all there is to take over, and the answer is what it was", async () => {
  const gate = new Gate();
  const [began, shown] = [Promise.withResolvers<void>(), Promise.withResolvers<ShownFleet>()];
  const info = () => {
    began.resolve();
    return shown.promise;
  };
  const slow = await createGatewayHandler(customer, settings, { gate, info });
  const body = ["Info", "gateway.Status"].map((method, id) => ({ jsonrpc: "2.0", id, method }));
  const asked = send("POST", "/internal", new TextEncoder().encode(JSON.stringify(body)), "", slow);
  await began.promise;
  assert.equal(await gate.close(1000), true);
  gate.move();
  shown.resolve({ servers: [], rooms: [], kinds: [] });
  const [all, status] = JSON.parse(String((await asked).body));
  assert.deepEqual(all.result.rooms, []);
  assert.match(
    status.error.message,
    /another process has taken over/,
    "what comes after it in a batch is not done here",
  );
});

Deno.test("one answer that shows all there is is made at a time, whichever listener it is asked on", async () => {
  let [running, most] = [0, 0];
  const info = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
    return { servers: [], rooms: [], kinds: [] };
  };
  const context = await createEdgeContext(customer, settings, { info });
  const operators = createOperatorRoute(context);
  const permission = {
    user: undefined,
    role: "admin",
    mayCall: () => true,
    maySpeakFor: () => true,
  } as const;
  const body = new TextEncoder().encode(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "Info" }));
  const onMain = createHandler(context);
  const answers = await Promise.all([0, 1, 2].flatMap(() => [
    send("POST", "/internal", body, "", onMain),
    operators(requestOf("POST", "/rpc", body, ""), permission),
  ]));
  for (const answer of answers) assert.match(String(answer.body), /"result"/);
  assert.equal(most, 1);
});
