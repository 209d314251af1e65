import assert from "node:assert/strict";
import { writeLargeStore } from "../sim/large_store.ts";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { call } from "../sim/rpc_client.ts";

/** Rooms of a large store. */
const ROOMS = 100_000;

const CONFIG = configSource({ startup: { waitForReports: false }, customers: [newCustomer("acme").entry] });

interface Answer {
  readonly id: number;
  readonly result?: { readonly rooms?: readonly object[]; readonly level?: string };
  readonly error?: { readonly code: number; readonly message: string };
}

/** A gateway with so many rooms that what shows them all is long. */
async function largeGateway(folder: string): Promise<Program & { readonly url: string }> {
  Deno.mkdirSync(`${folder}/data`);
  await writeLargeStore(`${folder}/data`);
  return await Program.start({ config: CONFIG, folder });
}

Deno.test("whoever asks for much keeps nobody waiting, and gets no more in a batch than is bearable", async (t) => {
  using folder = new TemporaryFolder();
  await using program = await largeGateway(folder.path);
  const internal = `${program.url}/internal`;
  const batch = async (calls: readonly (readonly [method: string, params: object])[]): Promise<Answer[]> => {
    const body = JSON.stringify(
      calls.map(([method, params], id) => ({ jsonrpc: "2.0", id, method, params })),
    );
    return await (await fetch(internal, { method: "POST", body })).json();
  };

  await t.step("calls are answered while all rooms are shown", async () => {
    let isOver = false;
    const all = call<{ rooms: object[] }>(internal, "Info", {}).finally(() => isOver = true);
    for (let i = 0; i < 5; i++) await call(internal, "gateway.Status", {});
    assert.ok(!isOver, "the calls had to wait until all rooms were shown");
    assert.equal((await all).rooms.length, ROOMS);
  });

  await t.step("a batch of what shows all is answered once, and what changes something is done", async () => {
    const [first, second, level, ...more] = await batch([
      ["Info", {}],
      ["Info", {}],
      ["log.SetLevel", { level: "DEBUG" }],
      ["gateway.Status", {}],
      ...Array.from({ length: 90 }, () => ["Info", {}] as const),
    ]);
    assert.equal(first?.result?.rooms?.length, ROOMS);
    assert.equal(second?.error?.code, -32015);
    assert.match(second?.error?.message ?? "", /longer than 8 MB: ask for less/);
    assert.equal(level?.result?.level, "DEBUG");
    assert.equal(more.length, 91);
    for (const { error } of more) assert.equal(error?.code, -32015);
  });

  await t.step("so is one of many long pages", async () => {
    const answers = await batch(Array.from({ length: 100 }, () => ["room.List", { limit: 1000 }] as const));
    assert.equal(answers.length, 100);
    const shown = answers.filter(({ result }) => result?.rooms?.length === 1000);
    assert.ok(shown.length > 10, `${shown.length}`);
    assert.ok(JSON.stringify(shown).length < 9 * 1024 * 1024);
    for (const { result, error } of answers.slice(shown.length)) {
      assert.equal(result, undefined);
      assert.equal(error?.code, -32015);
    }
  });
});

Deno.test("a process takes over while many ask for all rooms at once, and waits for none of them", async () => {
  using folder = new TemporaryFolder();
  await using program = await largeGateway(folder.path);
  const asking = Array.from(
    { length: 12 },
    () =>
      call<{ rooms: object[] }>(`${program.url}/internal`, "Info", {}).then(
        ({ rooms }) => rooms.length,
        String,
      ),
  );
  await call(`${program.url}/internal`, "gateway.Status", {}); // they are there
  await using after = await Program.start({ config: CONFIG, folder: folder.path, args: ["--take-over"] });
  assert.equal(after.url, program.url);
  for (const answer of await Promise.all(asking)) {
    assert.ok(answer === ROOMS || /taken over|replaced/.test(String(answer)), String(answer));
  }
});
