import assert from "node:assert/strict";
import { admin } from "./admin_command.ts";
import { TestGateway } from "./gateway.ts";
import { freePort } from "./programs.ts";

const LISTS = ["servers", "rooms", "customers", "bans", "tasks", "kinds"];

Deno.test("a list in JSON that cannot be had prints nothing: it is whole, or it is not there", async () => {
  const users = [{ name: "kim", password: "a password of length" }];
  await using gateway = await TestGateway.start({ operations: { users } });
  const nowhere = ["--url", `127.0.0.1:${freePort()}`];
  for (const list of LISTS) {
    const stranger = await admin([list, "--json", "--url", gateway.operations, "--user", "kim:wrong"]);
    assert.deepEqual([stranger.code, stranger.out], [1, ""], stranger.err);
    const unreachable = await admin([list, "--json", ...nowhere]);
    assert.deepEqual([unreachable.code, unreachable.out], [3, ""], unreachable.err);
    const { code, out } = await admin(
      [list, "--json", "--url", gateway.operations, "--user", `kim:${users[0]!.password}`],
    );
    assert.equal(code, 0);
    assert.ok(Array.isArray(JSON.parse(out)), out);
  }
});

Deno.test("a list in JSON of which a later page fails prints nothing, and one of many pages is one array", async () => {
  await using gateway = await TestGateway.start();
  const rooms = Array.from({ length: 1500 }, (_, i) => ({ name: `r${i}`, peers: 1 }));
  await gateway.report("a:1", rooms);
  const args = ["rooms", "--all", "--json", "--url"];
  const whole = await admin([...args, gateway.operations]);
  assert.equal(JSON.parse(whole.out).length, 1500, whole.err);
  let pages = 0;
  await using failing = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    if (pages++ > 0) return new Response("gone", { status: 502 });
    return await fetch(`${gateway.operations}/rpc`, { method: "POST", body: await request.text() });
  });
  const { code, out } = await admin([...args, `127.0.0.1:${(failing.addr as Deno.NetAddr).port}`]);
  assert.deepEqual([code, out, pages], [3, "", 2]);
});

Deno.test("top in JSON prints a line for each look", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  const { code, out, err } = await admin(
    ["top", "--json", "--count", "3", "--interval", "0.1", "--url", gateway.operations],
  );
  assert.equal(code, 0, err);
  const looks = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(looks.map(({ servers }) => servers[0].address), ["a:1", "a:1", "a:1"]);
});

Deno.test("output that cannot be written ends the command with 1 and a message; what it was to do is done", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("a:1");
  const { code, err } = await admin(["drain", "a:1", "--yes", "--url", gateway.operations], {}, "/dev/full");
  assert.equal(code, 1);
  assert.match(
    err,
    /^error: the output cannot be written: .*no space left.*; what was asked for is done\n$/i,
  );
  const { draining } = await gateway.internal<{ draining: object | null }>("server.Show", { address: "a:1" });
  assert.ok(draining !== null);
  for (
    const args of [["--help"], ["completion", "bash"], ["servers", "--json", "--url", gateway.operations]]
  ) {
    const { code, err } = await admin(args, {}, "/dev/full");
    assert.equal(code, 1);
    assert.match(err, /^error: the output cannot be written: [^\n]*\n$/);
  }
});
