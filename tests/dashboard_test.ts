import assert from "node:assert/strict";
import { TemporaryFolder } from "../sim/program.ts";
import { isInstalled } from "./programs.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

const FILES = ["dashboard", "history", "report"].map((name) => `tests/browser/${name}.ts`);

/** What the driver of the browser needs: it reads the whole environment, and writes where `TMPDIR` says. */
const PERMISSIONS = [
  ...["--no-prompt", "--allow-net", "--allow-read", "--allow-write=data", "--allow-run"],
  ...["--allow-env", "--allow-sys"],
];

Deno.test({
  name: "the dashboard, and the report of a simulation, in a real browser (tests/browser)",
  ignore: !isInstalled("chromium", "--version"),
  async fn() {
    using folder = new TemporaryFolder();
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-check", "--lock=tests/deno.lock", ...PERMISSIONS, ...FILES],
      cwd: PROJECT,
      env: { NO_COLOR: "1", TMPDIR: folder.path },
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert.ok(success, text(stdout) + text(stderr));
  },
});
