import assert from "node:assert/strict";
import { isInstalled } from "./programs.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

Deno.test({
  name: "the bench runs, and says what it measured against what",
  ignore: !isInstalled("wrk"),
  async fn() {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "-q", "bench", "--json", "placement"],
      cwd: PROJECT,
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.ok(text.startsWith("{"), text + new TextDecoder().decode(stderr));
    const { generator, rows } = JSON.parse(text);
    assert.match(generator, /^wrk/);
    assert.equal(rows.length, 3);
    for (const { name, value, target, reached } of rows) {
      assert.ok(value > 0 && typeof reached === "boolean", name);
      assert.match(target, /^[≤≥] [\d.]+$/);
    }
  },
});
