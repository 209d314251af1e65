import assert from "node:assert/strict";
import { join } from "node:path";
import { TemporaryFolder } from "../../sim/program.ts";
import { RotatedFile } from "./rotated_file.ts";

const ROTATION = { maxSize: 100, maxAge: 1000, keep: 2 };

function raise(error: unknown): never {
  throw error;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The files of a folder, by name. */
function filesIn(folder: string): Map<string, string> {
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  return new Map(names.map((name) => [name, Deno.readTextFileSync(join(folder, name))]));
}

Deno.test("only its user may read it, also where it was there before with other rights", async () => {
  using folder = new TemporaryFolder();
  for (const name of ["new", "old"]) {
    const path = join(folder.path, name);
    if (name === "old") Deno.writeTextFileSync(path, "before\n", { mode: 0o644 });
    const file = new RotatedFile(path, ROTATION, raise);
    await file.write(bytes("line\n"));
    file.close();
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
  }
  assert.equal(Deno.readTextFileSync(join(folder.path, "old")), "before\nline\n");
});

Deno.test("it is put aside when it would get too large, and the oldest are removed", async () => {
  using folder = new TemporaryFolder();
  let now = 0;
  const file = new RotatedFile(join(folder.path, "log"), ROTATION, raise, () => now);
  for (let i = 0; i < 5; i++) {
    now = i * 10;
    await file.write(bytes(`${String(i).repeat(79)}\n`));
  }
  file.close();
  const files = filesIn(folder.path);
  assert.deepEqual([...files.keys()], [
    "log",
    "log.1970-01-01T00-00-00-030Z",
    "log.1970-01-01T00-00-00-040Z",
  ]);
  assert.deepEqual(Array.from(files.values(), (text) => text[0]), ["4", "2", "3"]);
});

Deno.test("old files that cannot be removed keep no line from being written, and are removed later", async () => {
  using folder = new TemporaryFolder();
  const { remove } = Deno;
  let now = 0;
  const told: unknown[] = [];
  const file = new RotatedFile(join(folder.path, "log"), ROTATION, (error) => told.push(error), () => now);
  const write = async () => {
    now += 10;
    await file.write(bytes(`${"x".repeat(79)}\n`));
  };
  for (let i = 0; i < 3; i++) await write();
  const busy = new Deno.errors.Busy();
  Deno.remove = () => Promise.reject(busy);
  try {
    await write();
  } finally {
    Deno.remove = remove;
  }
  assert.deepEqual(told, [busy]);
  assert.equal(filesIn(folder.path).get("log")?.length, 80);
  assert.equal(filesIn(folder.path).size, 4);
  await write();
  file.close();
  assert.equal(filesIn(folder.path).size, 3);
});

Deno.test("it is put aside when it is old enough, and twice at one time too", async () => {
  using folder = new TemporaryFolder();
  let now = 0;
  const file = new RotatedFile(join(folder.path, "log"), ROTATION, raise, () => now);
  await file.write(bytes("a\n"));
  now = 999;
  await file.write(bytes("b\n"));
  now = 1000;
  await file.write(bytes("c\n"));
  await file.write(bytes(`${"d".repeat(99)}\n`));
  file.close();
  const names = [...filesIn(folder.path).keys()];
  assert.deepEqual(names, ["log", "log.1970-01-01T00-00-01-000Z", "log.1970-01-01T00-00-01-000Z-1"]);
});

Deno.test("a line that is written in pieces is never torn between two files", async () => {
  using folder = new TemporaryFolder();
  const file = new RotatedFile(join(folder.path, "log"), ROTATION, raise, () => 0);
  await file.write(bytes("x".repeat(80)));
  await file.write(bytes(`${"y".repeat(80)}\n`));
  await file.write(bytes("z\n"));
  file.close();
  assert.deepEqual(Array.from(filesIn(folder.path).values(), (text) => text.length), [2, 161]);
});

Deno.test("a file that somebody has moved away is made anew", async () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, "log");
  const file = new RotatedFile(path, ROTATION, raise, () => 0);
  await file.write(bytes("a\n"));
  Deno.renameSync(path, `${path}.moved`);
  await file.write(bytes("b\n"));
  file.close();
  assert.deepEqual([...filesIn(folder.path).values()], ["b\n", "a\n"]);
});

Deno.test("files of other names are left alone", async () => {
  using folder = new TemporaryFolder();
  for (const name of ["log.old", "log.1", "other.1970-01-01T00-00-00-000Z"]) {
    Deno.writeTextFileSync(join(folder.path, name), "");
  }
  const file = new RotatedFile(join(folder.path, "log"), { ...ROTATION, keep: 0 }, () => 0);
  for (let i = 0; i < 3; i++) await file.write(bytes(`${"x".repeat(90)}\n`));
  file.close();
  assert.deepEqual([...filesIn(folder.path).keys()].length, 4);
});
