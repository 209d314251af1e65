import assert from "node:assert/strict";
import { call } from "../sim/rpc_client.ts";
import { newCustomer } from "../sim/program.ts";
import { refusedWith, TestGateway } from "./gateway.ts";
import { Ajv } from "./packages/ajv.ts";
import metaSchema from "./packages/open_rpc_schema.ts";

interface Descriptor {
  readonly name: string;
  readonly required: boolean;
  readonly schema: object;
}

interface DescribedMethod {
  readonly name: string;
  readonly summary: string;
  readonly tags: readonly { readonly name: string }[];
  readonly params: readonly Descriptor[];
  readonly result: { readonly schema: object };
}

interface Document {
  readonly openrpc: string;
  readonly info: { readonly version: string };
  readonly methods: readonly DescribedMethod[];
}

/** With what each method is called, in this order; a method that is missing here fails the test. */
const CALLS: readonly (readonly [method: string, params: object])[] = [
  ["rpc.discover", {}],
  ["gateway.Status", {}],
  ["Info", {}],
  ["fleet.Forecast", { pool: "default", target: 0.7 }],
  ["server.List", { state: "open", limit: 10 }],
  ["server.Show", { address: "SFU:4433" }],
  ["server.Drain", { address: "sfu:4433", deadline: 600 }],
  ["server.Resume", { address: "sfu:4433" }],
  ["server.SetWeight", { address: "sfu:4433", weight: 0.5 }],
  ["room.List", { namespace: "acme", customer: "acme", server: "sfu:4433", prefix: "lob", limit: 1 }],
  ["room.Locate", { room_id: ["acme", "lobby"] }],
  ["room.Explain", { room_id: ["acme", "lobby"] }],
  ["room.Close", { room_id: ["acme", "lobby"], ban_time: 60 }],
  ["task.List", { server: "sfu:4433", namespace: "acme", room: "lobby", customer: "acme" }],
  ["ban.List", { namespace: "acme", room: "lobby", customer: "acme", by: "operator" }],
  ["ban.Lift", { room_id: ["acme", "lobby"] }],
  ["customer.List", { prefix: "ac" }],
  ["customer.Show", { id: "acme" }],
  ["kind.List", { namespace: "acme" }],
  ["kind.Forget", { namespace: "acme", template: "match-#" }],
  ["log.SetLevel", { level: "DEBUG" }],
  ["config.Show", {}],
  ["server.Forget", { address: "gone:4433" }],
  ["config.Reload", {}],
  ["customers.Reload", {}],
  ["webhook.List", {}],
  ["webhook.Test", {}],
];

/** A gateway with a server, a room in it, one that is on its way, and a kind that has been learned. */
async function busyGateway(): Promise<TestGateway> {
  const gateway = await TestGateway.start({
    sfuConfig: { updateInterval: 0.2, disableTimeout: 1, removeTimeout: 3600 },
  });
  await gateway.report("gone:4433");
  await gateway.report("sfu:4433", [{ name: "match-1", peers: 5 }]);
  await gateway.report("sfu:4433"); // the match is over, and its kind has a size
  await gateway.connect("lobby", "alice");
  await gateway.program.printed(/server gone:4433 is silent/);
  await gateway.report("sfu:4433", [{ name: "hall", peers: 2 }]);
  return gateway;
}

Deno.test("every method does what the OpenRPC document says, which is a document of OpenRPC 1.3", async (t) => {
  await using gateway = await busyGateway();
  const reporting = setInterval(
    () => gateway.report("sfu:4433", [{ name: "hall", peers: 2 }]).catch(() => {}),
    200,
  );
  try {
    const document: Document = await (await fetch(`${gateway.operations}/openrpc.json`)).json();
    assert.deepEqual(await gateway.internal("rpc.discover", {}), document, "rpc.discover answers the same");
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    const check = (schema: object, value: unknown, what: string) => {
      const validate = ajv.compile(schema);
      assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
    };
    check(metaSchema as object, document, "the document");
    const described = document.methods.map(({ name }) => name);
    const called = CALLS.map(([name]) => name);
    assert.deepEqual([...called].sort(), [...described].sort());
    for (const [name, params] of CALLS) {
      await t.step(name, async () => {
        const { summary, params: taken, result } = document.methods.find((method) => method.name === name)!;
        assert.match(summary, /^[A-Z].*[^.]$/);
        const given = new Map(Object.entries(params));
        for (const { name: member, required, schema } of taken) {
          if (given.has(member)) check(schema, given.get(member), `${name} ${member}`);
          else assert.ok(!required, `${name} needs ${member}`);
          given.delete(member);
        }
        assert.deepEqual([...given.keys()], [], "the document does not know these");
        check(result.schema, await call(`${gateway.operations}/rpc`, name, params), `the result of ${name}`);
      });
    }
  } finally {
    clearInterval(reporting);
  }
});

Deno.test("the document says which methods only show something, and a reader may call only those", async () => {
  const users = [{ name: "viewer", password: "a password of length", role: "read" }];
  await using gateway = await TestGateway.start({ operations: { users } });
  const { methods } = await gateway.internal<Document>("rpc.discover", {});
  const changing = methods.filter(({ tags }) => tags[0]?.name === "admin").map(({ name }) => name).sort();
  assert.deepEqual(changing, [
    "ban.Lift",
    "config.Reload",
    "customers.Reload",
    "kind.Forget",
    "log.SetLevel",
    "room.Close",
    "server.Drain",
    "server.Forget",
    "server.Resume",
    "server.SetWeight",
    "webhook.Test",
  ]);
  assert.equal((await fetch(`${gateway.operations}/openrpc.json`)).status, 401);
  const url = new URL(`${gateway.operations}/rpc`);
  [url.username, url.password] = ["viewer", "a password of length"];
  for (const [name, params] of CALLS) {
    const answer = await call(url.href, name, params).then(() => "done", (error) => error.code);
    if (changing.includes(name)) assert.equal(answer, -32001, name);
    else assert.ok(answer === "done" || [-32003, -32010].includes(answer), `${name}: ${answer}`);
  }
});

Deno.test("a user with the role of a server may call none of them, and a stranger neither", async () => {
  const users = [{ name: "sfu", password: "a password of length", role: "server" }];
  const operators = [{ name: "kim", password: "a password of length", role: "admin" }];
  await using gateway = await TestGateway.start({ internal: { users }, operations: { users: operators } });
  const url = new URL(`${gateway.url}/internal`);
  [url.username, url.password] = ["sfu", "a password of length"];
  for (const [name, params] of CALLS) {
    await refusedWith(call(url.href, name, params), -32001, /operators/);
    await refusedWith(gateway.internal(name, params), -32000, /user and password are missing/);
    await refusedWith(
      call(`${gateway.operations}/rpc`, name, params),
      -32000,
      /user and password are missing/,
    );
    await refusedWith(gateway.call(name, "r", "u", params), -32001, /names no method/);
  }
});

interface RoomPage {
  readonly rooms: readonly { readonly id: readonly [string, string]; readonly server: string }[];
  readonly cursor: string | null;
}

Deno.test("rooms come page by page, in order, each once, while rooms come and go, and over a restart", async () => {
  await using gateway = await TestGateway.start();
  const names = Array.from({ length: 250 }, (_, i) => `r${i}`);
  const rooms = names.map((name) => ({ name, peers: 1 }));
  await gateway.report("a:1", rooms.slice(0, 125));
  await gateway.report("b:1", rooms.slice(125));
  const list = (params: object) => gateway.internal<RoomPage>("room.List", params);
  const first = await list({ namespace: "acme", limit: 100 });
  assert.equal(first.rooms.length, 100);
  await gateway.report("a:1", [...rooms.slice(0, 125).filter((_, i) => i % 2 === 0), {
    name: "new",
    peers: 1,
  }]);
  const second = await list({ cursor: first.cursor, limit: 50 });
  const again = await list({ cursor: first.cursor, limit: 50 });
  assert.deepEqual(again, second, "an answer may get lost, and be asked for again");
  await gateway.restart();
  await gateway.report("b:1", rooms.slice(125)); // what was not written yet when it was killed
  const third = await list({ cursor: second.cursor, limit: 1000 });
  assert.equal(third.cursor, null);
  const seen = [first, second, third].flatMap(({ rooms }) => rooms.map(({ id }) => id[1]));
  assert.deepEqual(seen, [...new Set(seen)].sort());
  for (const name of names.slice(125)) assert.ok(seen.includes(name), name);
  for (const cursor of ["", "nonsense", "a.b.c", "10:", `${crypto.randomUUID()}.1`]) {
    await refusedWith(list({ cursor }), -32602, /^cursor: not known; begin the list anew$/);
  }
  await refusedWith(gateway.internal("ban.List", { cursor: second.cursor }), -32602, /^cursor: not known/);
  await refusedWith(list({ cursor: "a".repeat(100_000) }), -32602, /^cursor: /);
  await refusedWith(list({ limit: 1001 }), -32602, /^limit/);
});

Deno.test("customers come page by page: those that are listed, and those that are not", async () => {
  const entries = Array.from({ length: 5 }, (_, i) => newCustomer(`c${4 - i}`, {}).entry);
  await using gateway = await TestGateway.start({ customers: entries });
  const customers = ["c3", "x2", "x0", "c1", "x1"];
  await gateway.report("a:1", customers.map((customer, i) => ({ name: `r${i}`, peers: 1, customer })));
  const all = async (filter: object) => {
    const ids: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const asked: object = cursor === undefined ? filter : { cursor };
      const page = await gateway.internal<{ customers: { id: string }[]; cursor: string | null }>(
        "customer.List",
        { ...asked, limit: 2 },
      );
      ids.push(...page.customers.map(({ id }) => id));
      cursor = page.cursor;
    }
    return ids;
  };
  assert.deepEqual(await all({}), ["c0", "c1", "c2", "c3", "c4"]);
  assert.deepEqual(await all({ prefix: "c3" }), ["c3"]);
  assert.deepEqual(await all({ listed: false }), ["x0", "x1", "x2"]);
});

Deno.test("rooms are found by namespace, customer, server and the beginning of their names", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("a:1", [{ name: "match-1", peers: 1 }, {
    name: "lobby",
    peers: 1,
    customer: "other",
  }]);
  await gateway.report("b:1", [{ name: "match-2", peers: 1 }]);
  await gateway.connect("match-3", "u");
  const find = async (filter: object) => {
    const { rooms } = await gateway.internal<RoomPage>("room.List", filter);
    return rooms.map(({ id }) => id[1]).sort();
  };
  assert.deepEqual(await find({}), ["lobby", "match-1", "match-2", "match-3"]);
  assert.deepEqual(await find({ prefix: "match-" }), ["match-1", "match-2", "match-3"]);
  assert.deepEqual(await find({ server: "B:01" }), await find({ server: "b:1" }));
  assert.ok((await find({ server: "b:1" })).includes("match-2"));
  assert.ok(!(await find({ server: "b:1" })).includes("match-1"));
  assert.deepEqual(await find({ customer: "other" }), ["lobby"]);
  assert.deepEqual(await find({ customer: "acme", prefix: "lob" }), []);
  assert.deepEqual(await find({ namespace: "nobody's" }), []);
  assert.deepEqual(await find({ server: "unknown:1" }), []);
});

interface Ban {
  readonly room: readonly [string, string];
  readonly user: string | null;
  readonly until: string;
  readonly by: string | null;
}

Deno.test("who banned a user, until when, and lifting it: also after the gateway was killed", async () => {
  const users = [{ name: "kim", password: "a password of length" }];
  await using gateway = await TestGateway.start({ internal: { users } });
  const admin = <Result>(method: string, params: object): Promise<Result> => {
    const url = new URL(`${gateway.url}/internal`);
    [url.username, url.password] = ["kim", "a password of length"];
    return call<Result>(url.href, method, params);
  };
  const report = (rooms: object[]) =>
    admin<{ tasks: object[] }>("sfu.Report", {
      public_endpoint: "sfu:4433",
      version: "1",
      load: 0,
      clients: 1,
      rooms,
    });
  await report([{ id: ["acme", "r"], customer: "acme", age: { secs: 1, nanos: 0 }, peers: 1 }]);
  await gateway.call("RoomBanClient", "r", "backend", { room_id: "r", user_id: "eve", ban_time: 600 });
  await admin("room.Close", { room_id: ["acme", "empty"], ban_time: 600 });
  const list = async (filter: object) => (await admin<{ bans: Ban[] }>("ban.List", filter)).bans;
  const [ban] = await list({ user: "eve" });
  assert.deepEqual([ban?.room, ban?.user], [["acme", "r"], "eve"]);
  assert.ok(Math.abs(Date.parse(ban!.until) - Date.now() - 600_000) < 10_000);
  assert.match(ban!.by!, /^A/, "the id of the key that asked");
  assert.deepEqual((await list({ by: "operator kim" })).map(({ room }) => room[1]), ["empty"]);
  await refusedWith(admin("ban.Lift", { room_id: ["acme", "r"] }), -32013, /no such ban/);
  await refusedWith(gateway.connect("r", "eve"), -32004, /banned/);
  await admin("ban.Lift", { room_id: ["acme", "r"], user_id: "eve" });
  await gateway.restart();
  assert.deepEqual((await list({})).map(({ room }) => room[1]), ["empty"]);
  await gateway.connect("r", "eve");
  await gateway.program.stop("SIGTERM");
});

Deno.test("an operator closes a room: its server is told, and a ban is as long as the longest allowed", async () => {
  await using gateway = await TestGateway.start({ bans: { maxTime: 100 } });
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  const closed = await gateway.internal<{ server: string; ban: Ban | null }>("room.Close", {
    room_id: ["acme", "r"],
  });
  assert.deepEqual(closed, { server: "a:1", ban: null });
  const banned = await gateway.internal<{ ban: Ban }>("room.Close", {
    room_id: ["acme", "r"],
    ban_time: 1e6,
  });
  assert.ok(Date.parse(banned.ban.until) - Date.now() < 101_000);
  const tasks = await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  assert.deepEqual(tasks.map(({ task }) => task), ["RoomClose", "RoomClose"]);
  await refusedWith(gateway.internal("room.Close", { room_id: ["acme", "nowhere"] }), -32003, /no server/);
});

Deno.test("a server is forgotten once it is silent, and not while it reports; it stays so after a restart", async () => {
  await using gateway = await TestGateway.start({
    sfuConfig: { updateInterval: 0.2, disableTimeout: 1, removeTimeout: 3600 },
  });
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  await gateway.internal("room.Close", { room_id: ["acme", "r"] });
  await refusedWith(gateway.internal("server.Forget", { address: "a:1" }), -32014, /the server reports/);
  await refusedWith(gateway.internal("server.Forget", { address: "b:1" }), -32010, /no server/);
  await gateway.program.printed(/server a:1 is silent/);
  assert.deepEqual(await gateway.internal("server.Forget", { address: "a:1" }), {});
  const nothing = async () => {
    const { pools, rooms, tasks } = await gateway.internal<{ pools: object[]; rooms: number; tasks: number }>(
      "gateway.Status",
      {},
    );
    assert.deepEqual({ pools, rooms, tasks }, { pools: [], rooms: 0, tasks: 0 });
  };
  await nothing();
  await gateway.restart();
  await nothing();
  assert.deepEqual(await gateway.report("a:1", [{ name: "r", peers: 1 }]), []);
  await gateway.connect("r", "u");
});

Deno.test("a customer is shown with its licence, what it uses of it and its keys by id, and no key", async () => {
  await using gateway = await TestGateway.start({}, { maxPeers: 10, maxRooms: 5, namespace: "games" });
  await gateway.report("a:1", [{ name: "r", peers: 4 }, { name: "s", peers: 1, customer: "unlisted" }]);
  await gateway.connect("t", "u");
  const shown = await gateway.internal<Record<string, unknown> & { keys: { id: string }[] }>(
    "customer.Show",
    {
      id: "acme",
    },
  );
  const { keys, ...rest } = shown;
  assert.deepEqual(rest, {
    id: "acme",
    listed: true,
    maxPeers: 10,
    maxRooms: 5,
    peers: 5,
    rooms: 2,
    pools: null,
    reported: { peers: 4, rooms: 1 },
    granted: { peers: 1, rooms: 1 },
    servers: [{ server: "a:1", peers: 4, rooms: 1 }],
    furtherServers: 0,
  });
  assert.deepEqual(keys.map(({ id: _, ...key }) => key), [{ namespace: "games", pools: null, usable: true }]);
  assert.match(keys[0]!.id, /^A[A-Za-z0-9+/]{11}$/);
  assert.ok(!JSON.stringify(shown).includes('"x"'));
  const { customers } = await gateway.internal<{ customers: { id: string; listed: boolean }[] }>(
    "customer.List",
    {},
  );
  assert.deepEqual(customers.map(({ id, listed }) => [id, listed]), [["acme", true]]);
  const others = await gateway.internal<{ customers: { id: string }[] }>("customer.List", { listed: false });
  assert.deepEqual(others.customers.map(({ id }) => id), ["unlisted"]);
  await refusedWith(gateway.internal("customer.Show", { id: "nobody" }), -32013, /no such customer/);
});

Deno.test("config.Show shows every default and no secret", async () => {
  const users = [{ name: "kim", password: "S3CRET-of-some-length" }];
  await using gateway = await TestGateway.start({
    internal: { users },
    masterKey: Buffer.from("S3CRET master key").toString("base64"),
    sfuConfig: { recommended: { auth: { keys: ["S3CRET"], url: "https://x:S3CRET@y/?t=S3CRET" } } },
  });
  const url = new URL(`${gateway.url}/internal`);
  [url.username, url.password] = ["kim", "S3CRET-of-some-length"];
  const { config } = await call<{ config: Record<string, unknown> }>(url.href, "config.Show", {});
  const text = JSON.stringify(config);
  assert.doesNotMatch(text, /S3CRET|UzNDUkVU/);
  assert.equal(config.customers, "1 entries, see customer.List");
  assert.equal(config.masterKey, "(secret)");
  assert.deepEqual((config.internal as { users: unknown }).users, [{ name: "kim", password: "(secret)" }]);
  assert.deepEqual(config.bans, { maxTime: 365 * 86400 });
});

Deno.test("the level of the log is changed while the gateway runs, and nothing that waits is lost", async () => {
  await using gateway = await TestGateway.start({ logLevel: "INFO" });
  await gateway.report("a:1");
  await gateway.connect("quiet", "u");
  assert.deepEqual(await gateway.internal("log.SetLevel", { level: "DEBUG" }), {
    level: "DEBUG",
    before: "INFO",
  });
  await gateway.connect("loud", "u");
  await gateway.program.printed(/granted .*loud/);
  await gateway.internal("log.SetLevel", { level: "ERROR" });
  await gateway.connect("silent", "u");
  await refusedWith(gateway.internal("log.SetLevel", { level: "LOUD" }), -32602, /^level/);
  await gateway.program.stop();
  assert.doesNotMatch(gateway.program.output, /granted .*(quiet|silent)/);
});

Deno.test("gateway.Status says that all servers will be above the ceiling, what to do, and what it is about", async () => {
  await using gateway = await TestGateway.start({ placement: { ceiling: 0.5 } });
  await gateway.report("a:1", [{ name: "r", peers: 3 }], { load: 0.7 });
  const { problems } = await gateway.internal<{ problems: object[] }>("gateway.Status", {});
  assert.deepEqual(problems, [{
    severity: "warning",
    what: "pool default: all servers are expected to be above the ceiling (placement.ceiling)",
    todo: "start further servers in this pool",
    about: { pool: "default" },
  }]);
});

Deno.test("gateway.Status says what is wrong now", async () => {
  await using gateway = await TestGateway.start({
    sfuConfig: { updateInterval: 0.2, disableTimeout: 1, removeTimeout: 3600 },
  }, { maxPeers: 4, maxRooms: 5 });
  const wrong = async () =>
    (await gateway.internal<{ problems: { severity: string; what: string }[] }>("gateway.Status", {}))
      .problems
      .map(({ severity, what }) => `${severity}: ${what}`);
  assert.deepEqual(await wrong(), ["error: no server has reported"]);
  await gateway.report("a:1", [{ name: "r", peers: 3 }]);
  await gateway.connect("r", "u");
  assert.deepEqual(await wrong(), ["error: customer acme uses 4 of 4 peers and 1 of 5 rooms"]);
  await gateway.report("a:1", [], { load: 0.99 });
  assert.deepEqual(await wrong(), ["warning: pool default: all servers are full"]);
  await gateway.program.printed(/server a:1 is silent/);
  assert.deepEqual(await wrong(), [
    "error: pool default: no server may take a new room",
    "warning: server a:1 is silent",
  ]);
});
