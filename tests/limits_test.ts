import assert from "node:assert/strict";
import { TokenGenerator } from "@4players/odin-tokens";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { refusedWith, TestGateway } from "./gateway.ts";

const CONNECT = { jsonrpc: "2.0", id: 1, method: "Connect" };

/** Sends a Connect with this token. */
async function connect(
  url: string,
  token: string,
  headers: Record<string, string> = {},
  body: object = CONNECT,
) {
  const response = await fetch(url, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  return { status: response.status, retryAfter: response.headers.get("Retry-After"), answer };
}

Deno.test("above the rate of its key a customer gets 429 with Retry-After, and other customers nothing of it", async () => {
  using folder = new TemporaryFolder();
  const [loud, quiet] = [newCustomer("loud"), newCustomer("quiet")];
  await using program = await Program.start({
    config: configSource({
      customers: [loud.entry, quiet.entry],
      startup: { waitForReports: false },
      rates: { perKey: 1, perCustomer: 2 },
    }),
    folder: folder.path,
  });
  const tokenOf = ({ accessKey }: typeof loud) => new TokenGenerator(accessKey).createToken("room", "user");
  const token = tokenOf(loud);
  const answers = [];
  for (let i = 0; i < 20; i++) answers.push(await connect(program.url, token));
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length >= 10, JSON.stringify(answers));
  for (const { retryAfter, answer } of refused) {
    assert.match(retryAfter ?? "", /^[1-9]\d*$/);
    assert.equal(answer.error.code, -32011);
    assert.match(answer.error.message, /too many requests of this key/);
  }
  assert.equal((await connect(program.url, tokenOf(quiet))).status, 200);
  await program.stop();
  assert.match(program.output, /a request of customer loud is refused: too many requests of this key/);
  assert.match(
    program.output,
    /a request of customer loud is refused \d+ times more: too many requests of this key/,
  );
});

Deno.test("a forged token costs its customer nothing of the rate", async () => {
  await using gateway = await TestGateway.start({ rates: { perKey: 1 } });
  const token = gateway.tokens.createToken("room", "user");
  const forged = token.slice(0, -10) + "AAAAAAAAAA";
  for (let i = 0; i < 20; i++) assert.equal((await connect(gateway.url, forged)).status, 401);
  assert.equal((await connect(gateway.url, token)).status, 200);
});

Deno.test("an address is limited wherever it comes from, its neighbours and this machine are not", async () => {
  await using gateway = await TestGateway.start({
    trustedProxies: ["127.0.0.1"],
    rates: { perAddress: 1 },
  });
  const token = gateway.tokens.createToken("room", "user");
  const from = (address: string) => connect(gateway.url, token, { "X-Forwarded-For": address });
  const statuses = [];
  for (let i = 0; i < 12; i++) statuses.push((await from(`2001:db8::${i + 1}`)).status);
  assert.ok(statuses.filter((status) => status === 429).length >= 4, statuses.join());
  assert.equal((await from("2001:db8:0:1::1")).status, 200);
  for (let i = 0; i < 20; i++) assert.equal((await connect(gateway.url, token)).status, 200);
  await gateway.program.stop();
  assert.match(
    gateway.program.output,
    /a request from 2001:db8::\d+ is refused: too many requests from this address/,
  );
});

Deno.test("each call of a batch counts, and the batch is answered as a whole", async () => {
  await using gateway = await TestGateway.start({ rates: { perKey: 1 } });
  const token = gateway.tokens.createToken("room", "user");
  const batch = Array.from({ length: 50 }, (_, id) => ({ ...CONNECT, id }));
  const { status, answer } = await connect(gateway.url, token, {}, batch);
  assert.equal(status, 200);
  assert.equal(answer.length, 50);
  const next = await connect(gateway.url, token);
  assert.equal(next.status, 429);
  assert.ok(Number(next.retryAfter) > 30, next.retryAfter ?? "");
});

Deno.test("servers' reports and operators are not limited, however low the rates are", async () => {
  await using gateway = await TestGateway.start({
    rates: { perKey: 0.01, perCustomer: 0.01, perAddress: 0.01, concurrentPerAddress: 1 },
  });
  for (let i = 0; i < 20; i++) {
    await gateway.report("sfu:4433");
    await gateway.internal("Info", {});
  }
  await gateway.connect("room", "user");
  await refusedWith(gateway.connect("room", "user"), -32011, /too many requests/);
});

Deno.test("requests at a time from one address are limited, and one that breaks off counts no more", async () => {
  await using gateway = await TestGateway.start({
    trustedProxies: ["127.0.0.1"],
    rates: { concurrentPerAddress: 2 },
  });
  const token = gateway.tokens.createToken("room", "user");
  const { hostname, port } = new URL(gateway.url);
  const header =
    `POST / HTTP/1.1\r\nHost: gateway\r\nX-Forwarded-For: 203.0.113.7\r\nAuthorization: Bearer ${token}\r\n` +
    "Content-Length: 100\r\n\r\n{";
  const open = [];
  for (let i = 0; i < 2; i++) {
    const socket = await Deno.connect({ hostname, port: Number(port) });
    await socket.write(new TextEncoder().encode(header));
    open.push(socket);
  }
  const status = async () => (await connect(gateway.url, token, { "X-Forwarded-For": "203.0.113.7" })).status;
  while (await status() !== 429) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal((await connect(gateway.url, token, { "X-Forwarded-For": "203.0.113.8" })).status, 200);
  open.forEach((socket) => socket.close());
  while (await status() !== 200) await new Promise((resolve) => setTimeout(resolve, 10));
});
