import assert from "node:assert/strict";
import { TestGateway } from "./gateway.ts";

const USERS = { users: [{ name: "odin", password: "x".repeat(20) }] };

/** Sends a call without credentials, as a proxy would pass it on. */
async function stranger(gateway: TestGateway, forwarded: Record<string, string>, path = "/"): Promise<void> {
  const response = await gateway.post("{}", forwarded, path);
  await response.body?.cancel();
  assert.equal(response.status, 401);
}

Deno.test("the log names the client that a trusted proxy names", async () => {
  await using gateway = await TestGateway.start({ trustedProxies: ["127.0.0.0/8", "::1"], internal: USERS });
  await stranger(gateway, { "X-Forwarded-For": "1.2.3.4, 203.0.113.7" });
  await stranger(gateway, { Forwarded: 'for="[2001:db8::7]:80"' });
  await stranger(gateway, { "X-Forwarded-For": "203.0.113.8" }, "/internal");
  await gateway.program.stop();
  const { output } = gateway.program;
  assert.match(output, /a call from 203\.0\.113\.7 is refused/);
  assert.match(output, /a call from 2001:db8::7 is refused/);
  assert.match(output, /an internal call from 203\.0\.113\.8 is refused/);
  assert.doesNotMatch(output, /1\.2\.3\.4|not in trustedProxies/);
});

Deno.test("without trustedProxies the log names the proxy, and says why, once", async () => {
  await using gateway = await TestGateway.start();
  await stranger(gateway, { "X-Forwarded-For": "203.0.113.7" });
  await stranger(gateway, { "X-Forwarded-For": "203.0.113.8" });
  await gateway.program.stop();
  const { output } = gateway.program;
  assert.match(output, /a call from 127\.0\.0\.1 is refused/);
  assert.equal(output.split("127.0.0.1 passes requests on and is not in trustedProxies").length, 2, output);
  assert.doesNotMatch(output, /203\.0\.113/);
});

Deno.test("guesses through one proxy are slowed down by the client that makes them", async () => {
  const short = { users: [{ name: "odin", password: "short" }] };
  await using gateway = await TestGateway.start({ trustedProxies: ["127.0.0.1"], internal: short });
  const guess = async (client: string, password: string) => {
    const Authorization = `Basic ${btoa(`odin:${password}`)}`;
    const response = await gateway.post("{}", { Authorization, "X-Forwarded-For": client }, "/internal");
    await response.body?.cancel();
    return response.status;
  };
  const guesses = (client: string, count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => guess(client, `wrong ${i}`)));
  const [many, few] = await Promise.all([guesses("203.0.113.7", 20), guesses("203.0.113.8", 3)]);
  assert.ok(many.includes(429), many.join());
  assert.deepEqual(few, [401, 401, 401]);
});

Deno.test("a trusted proxy opens /internal to nobody, and gives no server another address", async () => {
  await using gateway = await TestGateway.start({ trustedProxies: ["127.0.0.1"] });
  await stranger(gateway, { "X-Forwarded-For": "127.0.0.1" }, "/internal");
  await stranger(gateway, { Forwarded: "for=127.0.0.1" }, "/internal");
  await using open = await TestGateway.start({ trustedProxies: ["127.0.0.1"], internal: USERS });
  const report = {
    jsonrpc: "2.0",
    id: 1,
    method: "sfu.Report",
    params: { version: "1", load: 0, clients: 0, rooms: [] },
  };
  const headers = {
    Authorization: `Basic ${btoa(`odin:${"x".repeat(20)}`)}`,
    "X-Forwarded-For": "203.0.113.7",
  };
  await (await open.post(report, headers, "/internal")).body?.cancel();
  await open.program.stop();
  assert.match(open.program.output, /server 127\.0\.0\.1:4433 appeared/);
});
