import assert from "node:assert/strict";
import fc from "../../../tests/packages/fast_check.ts";
import { readJson } from "./json_body.ts";
import { RoomList } from "../reports/room_list.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const room = (i: number, more: object = {}) => ({
  id: ["ns", `room "${i}" [{é\u0000\\`],
  customer: "c",
  peers: i % 7,
  age: { secs: i, nanos: 0 },
  ...more,
});
const rooms = (count: number) => Array.from({ length: count }, (_, i) => room(i));
const report = (rooms: unknown[], more: object = {}) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "sfu.Report",
  params: { version: "1", load: 0.5, rooms, clients: 3, ...more },
});

/** What a body is read to, with rooms as they were read. */
async function read(text: string | Uint8Array): Promise<unknown> {
  const json = await readJson(typeof text === "string" ? bytes(text) : text);
  return JSON.parse(JSON.stringify(json, (_key, value) => value instanceof RoomList ? value.rooms : value));
}

Deno.test("a large report is read as JSON.parse reads it, however it is written", async () => {
  const big = report(rooms(20_000));
  for (const indent of [undefined, 1, "\t"]) {
    const text = JSON.stringify(big, null, indent);
    assert.deepEqual(await read(text), JSON.parse(text));
  }
});

const many = JSON.stringify(rooms(5000)).slice(1, -1);
const head = '{"jsonrpc":"2.0","id":1,"method":"sfu.Report","params":{"version":"1"';
const variants: [string, string][] = [
  ["rooms last", `${head},"rooms":[${many}]}}`],
  ["rooms first", `{"params":{"rooms":[${many}],"load":0.1},"id":1}`],
  ["rooms twice, the last counts", `${head},"rooms":[${many}],"rooms":[${JSON.stringify(room(1))}]}}`],
  ["rooms twice, the last empty", `${head},"rooms":[${many}],"rooms":[ ]}}`],
  ["rooms twice, the last no array", `${head},"rooms":[${many}],"rooms":5}}`],
  ["params twice", `{"params":{"rooms":[${many}]},"params":{"rooms":[${many}]}}`],
  ["params twice, the last without rooms", `{"params":{"rooms":[${many}]},"params":{"x":1}}`],
  ["an array of the same name elsewhere", `${head},"x":{"rooms":[1,2]},"rooms":[${many}]},"rooms":[3]}`],
  ["blanks", ` { "params" : { "rooms" : [ ${many} ] } } `],
];
for (const [what, text] of variants) {
  Deno.test(`a large body reads as JSON.parse reads it: ${what}`, async () => {
    assert.deepEqual(await read(text), JSON.parse(text));
  });
}

const broken: [string, string][] = [
  ["a comma too many, at the end", `${head},"rooms":[${many},]}}`],
  ["a comma too many, at the start", `${head},"rooms":[,${many}]}}`],
  ["a comma too many, before a long room", `${head},"rooms":[,"${"x".repeat(300_000)}"]}}`],
  ["a comma too many, after a long room", `${head},"rooms":["${"x".repeat(300_000)}",]}}`],
  ["two commas", `${head},"rooms":[${many},,${many}]}}`],
  ["the wrong bracket", `${head},"rooms":[${many}}}}`],
  ["no end", `${head},"rooms":[${many}`],
  ["a string without end", `${head},"rooms":[${many},"x`],
  ["a bracket too many", `${head},"rooms":[${many}]}}]`],
  ["something behind it", `${head},"rooms":[${many}]}} 1`],
  ["a byte order mark between rooms", `${head},"rooms":[${many},\ufeff${many}]}}`],
];
for (const [what, text] of broken) {
  Deno.test(`a large body that is no JSON is refused: ${what}`, async () => {
    assert.throws(() => JSON.parse(text));
    await assert.rejects(readJson(bytes(text)), { kind: "parseError" });
  });
}

Deno.test("a byte that is changed anywhere in a large body is noticed as JSON.parse notices it", async () => {
  const whole = bytes(JSON.stringify(report(rooms(6000))));
  const decoder = new TextDecoder("utf-8", { fatal: true });
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.constantFrom(...'{}[],:"\\ 0x\u0000'), async (at, byte) => {
      const changed = whole.slice();
      changed[at] = byte.charCodeAt(0);
      let valid = true;
      try {
        JSON.parse(decoder.decode(changed));
      } catch {
        valid = false;
      }
      const accepted = await readJson(changed).then(() => true, (error) => {
        assert.equal(error.name, "RpcError");
        return false;
      });
      // A string that swallows what follows may make a room too long to be read.
      if (accepted !== valid) assert.ok(accepted && !valid && !"{}[],: 0x".includes(byte));
    }),
    { numRuns: 150 },
  );
});

for (const large of [false, true]) {
  Deno.test(`what is not UTF-8 is refused, and makes no two names one: ${large ? "large" : "small"}`, async () => {
    const body = bytes(JSON.stringify(report(rooms(large ? 6000 : 3))));
    for (const wrong of [0xff, 0xc3, 0x80]) {
      const changed = body.slice();
      changed[changed.indexOf("m".charCodeAt(0), changed.length - 150)] = wrong;
      await assert.rejects(readJson(changed), { kind: "parseError" });
    }
  });
}

Deno.test("only rooms may be large", async () => {
  const long = "x".repeat(300_000);
  for (
    const body of [
      report([], { version: long }),
      [report(rooms(6000))],
      long.split("").map(() => 1),
      { params: { roomz: rooms(6000) } },
      long,
    ]
  ) {
    await assert.rejects(readJson(bytes(JSON.stringify(body))), { kind: /invalidRequest|parseError/ });
  }
  const list = await readJson(
    bytes(JSON.stringify(report([...rooms(10), room(11, { x: long }), long, room(12)]))),
  );
  const { rooms: kept } = (list as { params: { rooms: RoomList } }).params;
  assert.equal(kept.rooms.length, 11);
  assert.match(kept.odd.text!, /a room of more than 32768 bytes is left out \(2 times\)/);
});

Deno.test("others get many turns while a large body is read, hostile or not", async () => {
  const size = 16 * 1024 * 1024;
  const filled = (item: string) =>
    `${head},"rooms":[${item}${`,${item}`.repeat(size / (item.length + 1) | 0)}]}}`;
  const bodies = [
    filled(JSON.stringify(room(1))),
    filled("{}"),
    filled("-1"),
    filled('""'),
    `${head},"rooms":[${"[".repeat(size / 2)}${"]".repeat(size / 2)}]}}`,
    `${head},"rooms":["${'\\"'.repeat(size / 2)}"]}}`,
  ];
  for (const body of bodies) {
    let done = false;
    const trips = roundTrips(() => done);
    await readJson(bytes(body));
    done = true;
    const count = await trips;
    assert.ok(count >= 3, `${count} round trips for ${body.slice(60, 120)}`);
  }
});

/**
 * How often a byte goes to and fro on a connection, until it is done. Sockets, not timers: it is those that an event loop
 * that goes round too fast does not look at.
 */
async function roundTrips(done: () => boolean): Promise<number> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  const [here, there] = await Promise.all([Deno.connect({ hostname, port }), listener.accept()]);
  const echoed = there.readable.pipeTo(there.writable).catch(() => {});
  let trips = 0;
  while (!done()) {
    await here.write(new Uint8Array(1));
    await here.read(new Uint8Array(1));
    trips++;
  }
  here.close();
  await echoed;
  return trips;
}
