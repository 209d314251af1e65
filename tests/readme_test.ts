import assert from "node:assert/strict";
import { RpcErrors } from "../src/edge/errors.ts";
import { TestGateway } from "./gateway.ts";

const readme = Deno.readTextFileSync(new URL("../README.md", import.meta.url));

Deno.test("the curl lines of the README work as printed", async (t) => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:4433");
  const subject = ["Connect", "RoomClose", "RoomUpdate", "RoomBanClient", "RoomSendMessage"];
  const env = { GATEWAY: gateway.url, TOKEN: gateway.tokens.createToken("lobby", "alice", { subject }) };
  const lines = readme.split("\n").filter((line) => line.startsWith("curl "));
  assert.equal(lines.length, 11);
  for (const line of lines) {
    await t.step(/"method":"([\w.]+)"/.exec(line)![1]!, async () => {
      const { stdout } = await new Deno.Command("sh", { args: ["-c", line], env }).output();
      const { result, error } = JSON.parse(new TextDecoder().decode(stdout));
      assert.ok(result, JSON.stringify(error));
    });
  }
});

Deno.test("the README's table of errors is the one in the code", () => {
  const rows = [...readme.matchAll(/^\| *(-\d+) *\| *(\d+) *\| (.*?) *\|$/gm)].map((
    [, code, http, cause],
  ) => ({
    code: Number(code),
    http: Number(http),
    cause,
  }));
  assert.deepEqual(rows, Object.values(RpcErrors));
});

Deno.test("the README names every member of the configuration", async () => {
  const { ConfigSchema } = await import("../src/config/schema.ts");
  for (const member of Object.keys(ConfigSchema.shape)) {
    assert.match(readme, new RegExp(`\`${member}\\b`), member);
  }
});
