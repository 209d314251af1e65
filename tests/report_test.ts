import assert from "node:assert/strict";
import { call } from "../sim/rpc_client.ts";
import { refusedWith, TestGateway } from "./gateway.ts";

interface Info {
  readonly servers: {
    readonly address: string;
    readonly report: { load: number; clients: number; rooms: number };
  }[];
  readonly rooms: { readonly id: [string, string]; readonly peers: number; readonly customer: string }[];
}

const good = (name: string, peers = 1) => ({
  id: ["acme", name],
  customer: "acme",
  peers,
  age: { secs: 1, nanos: 0 },
});
const report = (rooms: unknown[], more: object = {}) => ({
  public_endpoint: "sfu:4433",
  version: "1",
  load: 0.5,
  clients: 10,
  rooms,
  ...more,
});

const oddRooms: [string, unknown][] = [
  ["null", null],
  ["a number", -1],
  ["no id", { customer: "acme", peers: 1 }],
  ["one name", { ...good("x"), id: ["acme"] }],
  ["three names", { ...good("x"), id: ["acme", "x", "y"] }],
  ["an empty name", good("")],
  ["a name that is too long", good("é".repeat(513))],
  ["half a surrogate pair", good("x\ud800")],
  ["a name that is no text", { ...good("x"), id: ["acme", 5] }],
  ["a customer that is no text", { ...good("x"), customer: 7 }],
];
Deno.test("what is odd about a room leaves that room out, with a warning, and the report counts", async () => {
  await using gateway = await TestGateway.start();
  const names = ["first", "last", "l".repeat(1024), "nul\u0000x"];
  await gateway.internal(
    "sfu.Report",
    report([good("first"), ...oddRooms.map(([, room]) => room), ...names.slice(1).map((name) => good(name))]),
  );
  const { rooms } = await gateway.internal<Info>("Info", {});
  assert.deepEqual(rooms.map(({ id }) => id[1]).sort(), names.toSorted());
  await gateway.internal("sfu.Report", report([null]));
  await gateway.program.stop();
  const warnings = gateway.program.output.split("\n").filter((line) => line.includes("left out"));
  assert.equal(warnings.length, 1, "one warning a server");
  assert.match(warnings[0]!, /server sfu:4433: in its report, .*id is not two names.*\(7 times\)/);
});

for (const [what, room] of oddRooms) {
  Deno.test(`an odd room among good ones throws no report away: ${what}`, async () => {
    await using gateway = await TestGateway.start();
    await gateway.internal("sfu.Report", report([good("a"), room, good("b")]));
    const { rooms } = await gateway.internal<Info>("Info", {});
    assert.deepEqual(rooms.map(({ id }) => id[1]).sort(), ["a", "b"]);
  });
}

const odd: [string, object, { load?: number; clients?: number }][] = [
  ["a load that is null, as NaN is in JSON", { load: null }, { clients: 10 }],
  ["no load", { load: undefined }, { clients: 10 }],
  ["a load below 0", { load: -3 }, { load: 0 }],
  ["a load above 1", { load: 1e300 }, { load: 1 }],
  ["no clients", { clients: undefined }, { clients: 5 }],
  ["a fraction of clients", { clients: 1.5 }, { clients: 5 }],
  ["no version", { version: undefined }, { clients: 10 }],
  ["a long version", { version: "v".repeat(10_000) }, { clients: 10 }],
];
for (const [what, more, expected] of odd) {
  Deno.test(`a report with a fault keeps its server and its rooms: ${what}`, async () => {
    await using gateway = await TestGateway.start();
    await gateway.internal("sfu.Report", report([good("a", 5)], more));
    const { servers: [server], rooms } = await gateway.internal<Info>("Info", {});
    assert.equal(rooms.length, 1);
    for (const [member, value] of Object.entries(expected)) {
      assert.equal(server!.report[member as "load"], value, member);
    }
  });
}

for (const peers of [-1, 1.5, 1e308, null, "7", undefined]) {
  Deno.test(`a room whose peers are ${peers} stays where it is`, async () => {
    await using gateway = await TestGateway.start();
    await gateway.report("sfu:4433", [{ name: "a", peers: 1 }]);
    await gateway.internal("sfu.Report", report([{ ...good("a"), peers }], { load: 0.9 }));
    await gateway.report("other:4433");
    assert.equal((await gateway.connect("a", "u")).address, "sfu:4433");
  });
}

Deno.test("what is no report at all is refused, and the log names its server", async () => {
  await using gateway = await TestGateway.start();
  await refusedWith(
    gateway.internal("sfu.Report", report([], { rooms: {} })),
    -32602,
    /rooms: expected an array/,
  );
  await refusedWith(
    gateway.internal("sfu.Report", report([], { public_endpoint: 5 })),
    -32602,
    /public_endpoint/,
  );
  await gateway.program.printed(/server sfu:4433: a report is refused: rooms: expected an array/);
});

Deno.test("Connects go through while a server reports 200,000 rooms and others send 16 MB of nonsense", async () => {
  await using gateway = await TestGateway.start({ sfuConfig: { disableTimeout: 120 } });
  await gateway.report("small:4433", [{ name: "mine", peers: 1 }]);
  const body = (rooms: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"sfu.Report","params":{"public_endpoint":"big:4433","version":"1","load":0.5,` +
    `"clients":10,"rooms":[${rooms}]}}`;
  const large = body(Array.from({ length: 200_000 }, (_, i) => JSON.stringify(good(`r-${i}`))).join(","));
  const hostile = ["-1,", '"",', "{},", "[],", '{"id":[]},'].map((item) =>
    body(`${item.repeat(16 * 1024 * 1024 / item.length)}0`)
  );
  let busy = true;
  const sending = Promise.all([large, ...hostile].map(async (text) => {
    const response = await gateway.post(text, {}, "/internal");
    return [response.status, await response.json()];
  })).finally(() => busy = false);
  sending.catch(() => {}); // said below
  const token = gateway.tokens.createToken("mine", "u"); // once: the library takes its time
  let connects = 0;
  while (busy) {
    const { address } = await call<{ address: string }>(gateway.url, "Connect", {}, { token });
    assert.equal(address, "small:4433");
    connects++;
  }
  for (const [status, answer] of await sending) {
    assert.equal(status, 200);
    assert.ok(answer.result, JSON.stringify(answer));
  }
  assert.ok(connects >= 20, `${connects} Connects`);
});
