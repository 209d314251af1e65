import assert from "node:assert/strict";
import { readConfig } from "../config/load.ts";
import { importFresh } from "../config/fresh_import.ts";
import { Gate } from "../edge/gate.ts";
import { TemporaryFolder } from "../../sim/program.ts";
import { Reload } from "./reload.ts";

/** Reloads of a `config.ts`, which get this long in milliseconds. */
function reloadsOf(file: string, within: number) {
  let settings = readConfig({}).settings;
  const gate = new Gate();
  const read = async () => readConfig((await importFresh(`file://${file}`)).default as object);
  const reload = new Reload(read, gate, {
    settings: () => settings,
    prepare: (next) =>
      Promise.resolve(() => {
        settings = next;
        return [];
      }),
    prepareCustomers: (next) =>
      Promise.resolve(async () => {
        settings = next;
        const list = await next.customerApi?.updateFunction();
        return { customers: Array.isArray(list) ? list.length : 0, keys: 0, warnings: [] };
      }),
  }, within);
  return { reload, gate, settings: () => settings };
}

/** What a configuration waits for that hangs; a test lets it come when it is over, since a module may not wait forever. */
const awaited = Promise.withResolvers<void>();
Object.assign(globalThis, { awaitedByConfiguration: awaited.promise });
const HANGS = "await globalThis.awaitedByConfiguration; export default { limits: { batch: 3 } };";

Deno.test("a configuration that waits forever is given up, and those after it are read", async () => {
  using folder = new TemporaryFolder();
  const file = `${folder.path}/config.ts`;
  const write = (text: string) => Deno.writeTextFileSync(file, text);
  const { reload, settings } = reloadsOf(file, 500);
  write("export default {};");
  await reload.config();
  for (const how of ["config", "customers"] as const) {
    write(HANGS);
    const given = assert.rejects(reload[how](), {
      kind: "badConfiguration",
      message: /could not be read within 0\.5 s.*await/,
    });
    const next = assert.rejects(reload[how](), /could not be read/);
    await given;
    assert.equal(settings().limits.batch, 100);
    await next;
  }
  write("import './hangs.ts'; export default {};");
  Deno.writeTextFileSync(`${folder.path}/hangs.ts`, HANGS);
  await assert.rejects(reload.config(), /could not be read/);
  write("export default { limits: { batch: 4 } };");
  assert.deepEqual((await reload.config()).changed, ["limits.batch"]);
  awaited.resolve();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(settings().limits.batch, 4, "what was given up is not put in force when it comes after all");
});

Deno.test("a customer API that never answers keeps no later reload from its turn", async () => {
  using folder = new TemporaryFolder();
  const file = `${folder.path}/config.ts`;
  const write = (answer: string) =>
    Deno.writeTextFileSync(
      file,
      `export default { customerApi: { updateInterval: 3600, updateFunction: () => ${answer} } };`,
    );
  const { reload } = reloadsOf(file, 500);
  write("Promise.resolve([])");
  await reload.config();
  write("new Promise(() => {})");
  await assert.rejects(reload.customers(), {
    kind: "unavailable",
    message: /has not answered within 0\.5 s/,
  });
  write("Promise.resolve([{}, {}])");
  assert.equal((await reload.customers()).customers, 2);
});

Deno.test("nothing that was read is put in force once another process has taken over", async () => {
  using folder = new TemporaryFolder();
  const file = `${folder.path}/config.ts`;
  Deno.writeTextFileSync(file, "export default { limits: { batch: 5 } };");
  const { reload, gate, settings } = reloadsOf(file, 10_000);
  await gate.close(0);
  const reloads = [reload.config(), reload.customers()];
  gate.move();
  for (const each of reloads) {
    await assert.rejects(each, { kind: "unavailable", message: /another process has taken over/ });
  }
  assert.equal(settings().limits.batch, 100);
});
