import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { TokenGenerator } from "@4players/odin-tokens";
import { generateAccessKey } from "@4players/odin-tokens";
import type { Address } from "../src/fleet/mod.ts";
import { deriveServerKey } from "../src/tokens/mod.ts";
import { call } from "../sim/rpc_client.ts";
import { claimsOf, refusedWith, sleep, TestGateway } from "./gateway.ts";

const MASTER_KEY = "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==";
const key = (address: string) => deriveServerKey(Buffer.from(MASTER_KEY, "base64"), address as Address);

Deno.test("Connect grants a room token that the server's key signed, with exactly the claims it should have", async () => {
  await using gateway = await TestGateway.start({ masterKey: MASTER_KEY, loginToken: { lifetime: 120 } }, {
    namespace: "games",
  });
  await gateway.report("sfu0.example:4433");
  const { address, token } = await gateway.connect(["{g}a", "{g}b"], "alice");
  assert.equal(address, "sfu0.example:4433");
  const [header, claims, signature] = token.split(".");
  const { jwk } = key(address);
  assert.deepEqual(JSON.parse(Buffer.from(header!, "base64url").toString()), { alg: "EdDSA", kid: jwk.kid });
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: jwk.x }, format: "jwk" });
  assert.ok(
    verify(null, Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature!, "base64url")),
  );
  const { nbf, exp, ...rest } = claimsOf(token);
  assert.deepEqual(rest, {
    uid: "alice",
    cid: "acme",
    rid: ["{g}a", "{g}b"],
    nsp: "games",
    adr: "sfu0.example:4433",
    sub: "connect",
    aud: "sfu",
  });
  assert.equal(Number(exp) - Number(nbf), 120);
  assert.ok(Math.abs(Number(nbf) - Date.now() / 1000) < 5);
});

Deno.test("Connect: a rid with rooms of several groups is unusable", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:4433");
  await refusedWith(gateway.connect(["a", "b"], "u"), -32007, /all values in rid must have the same base/);
  await gateway.connect(["{g}a", "b{g}"], "u");
});

Deno.test("Connect: a token without sub may connect and nothing else, unless a switch says so", async () => {
  for (const everything of [false, true]) {
    await using gateway = await TestGateway.start(
      everything ? { compatibility: { tokenWithoutSub: "everything" } } : {},
      {},
    );
    await gateway.report("sfu:4433");
    // The library always sets a sub; a server's key may sign what it likes.
    const { signing, config } = await serverSigner(gateway, "sfu:4433");
    assert.match(config, /authorization/);
    const token = signing({ rid: "r", uid: "u", cid: "acme", nsp: "acme" });
    await call(gateway.url, "Connect", {}, { token });
    const closing = call(gateway.url, "RoomClose", { room_id: "r", ban_time: 1 }, { token });
    if (everything) assert.deepEqual(await closing, {});
    else await refusedWith(closing, -32601, /no such method/);
  }
});

Deno.test("Connect: a server acts for one of its customers, without limits, with tags and upstream passed on", async () => {
  await using gateway = await TestGateway.start({}, { maxPeers: 0 });
  await gateway.report("sfu:4433");
  const { signing } = await serverSigner(gateway, "sfu:4433");
  const claims = { rid: "r", uid: "u", cid: "acme", nsp: "other", tgs: ["a"], ups: "up" };
  const { token } = await call<{ token: string }>(gateway.url, "Connect", {}, { token: signing(claims) });
  const { cid, nsp, tgs, ups } = claimsOf(token);
  assert.deepEqual([cid, nsp, tgs, ups], ["acme", "other", ["a"], "up"]);
  const { cid: _, ...without } = claims;
  await refusedWith(call(gateway.url, "Connect", {}, { token: signing(without) }), -32000, /cid and nsp/);
});

/** A function that signs with the key that the gateway gives a server. */
async function serverSigner(gateway: TestGateway, server: string) {
  const { config } = await gateway.internal<{ config: string }>("sfu.GridConfig", {
    public_endpoint: server,
    version: "1",
    config: "",
  });
  const masterKey = Deno.readTextFileSync(`${gateway.folder.path}/data/master.key`);
  const { sign } = deriveServerKey(Buffer.from(masterKey, "base64"), server as Address);
  return { config, signing: sign };
}

Deno.test("Connect: a server asked for by adr is used for a room that is not placed yet", async () => {
  await using gateway = await TestGateway.start();
  for (const server of ["a:1", "b:1", "c:1"]) await gateway.report(server);
  const { signing } = await serverSigner(gateway, "a:1");
  const ask = (rid: string, adr: string) =>
    call<{ address: string }>(gateway.url, "Connect", {}, {
      token: signing({ rid, uid: "u", cid: "acme", nsp: "acme", adr }),
    });
  for (const server of ["b:1", "c:1", "a:1"]) {
    assert.equal((await ask(`room-${server}`, server)).address, server);
  }
  assert.equal((await ask("room-b:1", "c:1")).address, "b:1");
  await refusedWith(ask("new", "d:1"), -32002, /no server available/);
});

Deno.test("Connect: without servers there is none available", async () => {
  await using gateway = await TestGateway.start();
  await refusedWith(gateway.connect("r", "u"), -32002, /no server available/);
});

Deno.test("Connect: licences count grants, the same user once, and open rooms are never blocked", async () => {
  await using gateway = await TestGateway.start({}, { maxPeers: 3, maxRooms: 2 });
  await gateway.report("sfu:4433");
  const burst = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => gateway.connect("r", `u${i}`)));
  assert.equal(burst.filter(({ status }) => status === "fulfilled").length, 3);
  await gateway.connect("r", "u0");
  await refusedWith(gateway.connect("r", "late"), -32005, /peer limit exceeded/);
  await gateway.report("sfu:4433", [{ name: "r", peers: 1 }, { name: "s", peers: 0 }]);
  await refusedWith(gateway.connect("t", "u"), -32005, /peer limit exceeded/);
});

Deno.test("Connect: a room limit stops new rooms only", async () => {
  await using gateway = await TestGateway.start({}, { maxRooms: 1 });
  await gateway.report("sfu:4433");
  await gateway.connect("r", "u");
  await refusedWith(gateway.connect("s", "u"), -32006, /room limit exceeded/);
  await gateway.connect("r", "v");
});

Deno.test("Connect: unknown customers are forbidden unless let in, which is announced loudly", async () => {
  const stranger = new TokenGenerator(generateAccessKey()).createToken("r", "u");
  await using closed = await TestGateway.start();
  await refusedWith(call(closed.url, "Connect", {}, { token: stranger }), -32000, /not known/);
  await using open = await TestGateway.start({ unknownCustomers: { maxPeers: 1, maxRooms: 1 } });
  await open.report("sfu:4433");
  assert.match(open.program.output, /UNKNOWN CUSTOMERS ARE LET IN/);
  const { token } = await call<{ token: string }>(open.url, "Connect", {}, { token: stranger });
  assert.match(String(claimsOf(token).cid), /^demo_/);
});

Deno.test("customerApi: refreshed on its interval; failures and empty lists keep the last good one; removed keys stop", async () => {
  await using gateway = await TestGateway.start();
  const second = generateAccessKey();
  const { folder, accessKey } = gateway;
  const { publicKey } = await import("../sim/access_key.ts");
  const entry = (id: string, key: string) => ({
    id,
    maxPeers: 10,
    maxRooms: 10,
    accessKeys: [{ publicKey: { ...publicKey(key), kty: "OKP", crv: "Ed25519" } }],
  });
  const list = `${folder.path}/customers.json`;
  const write = (customers: unknown) => Deno.writeTextFileSync(list, JSON.stringify(customers));
  write([entry("acme", accessKey), entry("two", second)]);
  await gateway.program.stop();
  const { Program } = await import("../sim/program.ts");
  await using program = await Program.start({
    folder: folder.path,
    config: `export default {
      http: { hostname: "127.0.0.1", port: 0 },
      startup: { waitForReports: false },
      customerApi: {
        updateFunction: async () => JSON.parse(await Deno.readTextFile(${JSON.stringify(list)})),
        updateInterval: 0.1,
      },
    };`,
  });
  await call(`${program.url}/internal`, "sfu.Report", {
    public_endpoint: "sfu:1",
    version: "1",
    load: 0,
    clients: 0,
    rooms: [],
  });
  const connect = (key: string) =>
    call(program.url, "Connect", {}, { token: new TokenGenerator(key).createToken("r", "u") });
  await connect(accessKey);
  await connect(second);
  Deno.writeTextFileSync(list, "not JSON");
  await program.printed(/customers stay as they are: customerApi/);
  await connect(second);
  write([]);
  await program.printed(/customers stay as they are: the list has no usable customer/);
  await connect(second);
  write([entry("acme", accessKey)]);
  let refused = false;
  for (let i = 0; i < 50 && !refused; i++) {
    await sleep(50);
    refused = await connect(second).then(() => false, () => true);
  }
  assert.ok(refused, "a removed key still works");
  await connect(accessKey);
});

Deno.test("a broken customer key is skipped with a warning that names it; the other keys load", async () => {
  const broken = { publicKey: { kid: "broken-key", kty: "OKP", crv: "Ed25519", x: "short" } };
  const { newCustomer } = await import("../sim/program.ts");
  const { accessKey, entry } = newCustomer("acme");
  await using gateway = await TestGateway.start({
    customers: [{ ...entry, accessKeys: [broken, ...entry.accessKeys] }],
  });
  assert.match(gateway.program.output, /broken-key.* is skipped/);
  await gateway.report("sfu:4433");
  await call(gateway.url, "Connect", {}, { token: new TokenGenerator(accessKey).createToken("r", "u") });
});

Deno.test("the log never holds a token, and names cause and caller of a refusal", async () => {
  await using gateway = await TestGateway.start({ logLevel: "DEBUG" });
  await gateway.report("sfu:4433");
  const { token } = await gateway.connect("r", "u");
  const forged = gateway.tokens.createToken("r", "forger").replace(/.{8}$/, "AAAAAAAA");
  await refusedWith(call(gateway.url, "Connect", {}, { token: forged }), -32000, /signature/);
  await gateway.program.printed(/127\.0\.0\.1 is refused: the token's signature is wrong/);
  const { output } = gateway.program;
  assert.match(output, /granted u at 127\.0\.0\.1/);
  for (const secret of [token, forged]) {
    for (const part of secret.split(".").slice(1)) assert.ok(!output.includes(part));
  }
});
