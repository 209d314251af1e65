import assert from "node:assert/strict";
import { TemporaryFolder } from "../../sim/program.ts";
import { StartError } from "../start_error.ts";
import { offerHandOver, type Replaceable } from "./offer.ts";
import { RunningProcess } from "./request.ts";

/** Offers a process in a folder of its own, for as long as it is looked at; and what it was told. */
async function offering(
  process: Partial<Replaceable>,
  look: (path: string, told: string[]) => Promise<void>,
): Promise<void> {
  using folder = new TemporaryFolder();
  const told: string[] = [];
  const path = `${folder.path}/s`;
  const stop = await offerHandOver(path, {
    prepare: () => Promise.resolve(undefined),
    forget: () => {},
    release: () => Promise.resolve({ released: { main: 7000 }, changed: [["rooms", "ns", "r"]] }),
    resume: () => Promise.resolve(void told.push("resume")),
    leave: () => void told.push("leave"),
    ...process,
  });
  await look(path, told);
  stop();
}

/** The process that is offered, asked by another one. */
async function running(path: string): Promise<RunningProcess> {
  const process = await RunningProcess.find(path, "1");
  assert.ok(process !== undefined);
  return process;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("a process that gets ready is passed on to; one that fails, or whose connection ends, is not", () =>
  offering({}, async (path, told) => {
    for (const [end, expected] of [["failed", "resume"], ["ready", "leave"]] as const) {
      const before = await running(path);
      await before.prepare();
      const { released, changed } = await before.takeOver();
      assert.deepEqual([released, changed], [{ main: 7000 }, [["rooms", "ns", "r"]]]);
      before[end]();
      await until(() => told.at(-1) === expected);
    }
    assert.deepEqual(told, ["resume", "leave"]);
  }));

Deno.test("a process that cannot hand over says why", () =>
  offering({ release: () => Promise.resolve("too much to do") }, async (path, told) => {
    await assert.rejects(
      (await running(path)).takeOver(),
      new StartError(
        "--take-over: the gateway that runs does not hand over: too much to do",
      ),
    );
    assert.deepEqual(told, []);
  }));

Deno.test("a process that cannot prepare says why, and one that prepared and was not asked for more forgets", () => {
  const told: string[] = [];
  let reason: string | undefined = "its disk is full";
  const prepare = () => Promise.resolve(reason);
  return offering({ prepare, forget: () => void told.push("forget") }, async (path) => {
    await assert.rejects((await running(path)).prepare(), /does not hand over: its disk is full/);
    await until(() => told.length === 1);
    reason = undefined;
    const next = await running(path);
    await next.prepare();
    assert.equal(told.length, 1);
    next.failed();
    await until(() => told.length === 2);
  });
});

Deno.test("a fault while handing over leaves the process as it was, and open to the next one", () =>
  offering({ release: () => Promise.reject(new Error("a fault")) }, async (path, told) => {
    for (let i = 1; i <= 2; i++) {
      await assert.rejects((await running(path)).takeOver(), /it gave no answer/);
      await until(() => told.length === i);
    }
    assert.deepEqual(told, ["resume", "resume"]);
  }));

Deno.test("what is no request to hand over is not answered", () =>
  offering({}, async (path, told) => {
    for (const text of ["\n", "GET / HTTP/1.1\r\n\r\n", '{"ready":true}\n', "x".repeat(5000)]) {
      using connection = await Deno.connect({ transport: "unix", path });
      await connection.write(new TextEncoder().encode(text));
      assert.equal(await connection.read(new Uint8Array(100)).catch(() => null), null, text.slice(0, 20));
    }
    assert.deepEqual(told, []);
  }));

Deno.test("where nobody listens there is nobody to take over from", async () => {
  using folder = new TemporaryFolder();
  assert.equal(await RunningProcess.find(`${folder.path}/s`, "1"), undefined);
});
