import assert from "node:assert/strict";
import { TokenGenerator } from "@4players/odin-tokens";
import { newCustomer } from "../sim/program.ts";
import { refusedWith, TestGateway } from "./gateway.ts";

const REFUSED = 300;

Deno.test("strangers' refused calls are one line in full, and a count", async () => {
  await using gateway = await TestGateway.start({
    internal: { users: [{ name: "odin", password: "x".repeat(20) }] },
  });
  for (let i = 0; i < REFUSED; i++) {
    for (const path of ["/", "/internal"]) {
      const response = await gateway.post("{}", { Authorization: `Bearer ${"A".repeat(i)}` }, path);
      assert.equal(response.status, 401);
      await response.body?.cancel();
    }
  }
  await gateway.program.stop();
  const lines = gateway.program.output.split("\n").filter((line) => line.includes("is refused"));
  assert.ok(lines.length <= 8, lines.join("\n"));
  for (const call of ["a call", "an internal call"]) {
    assert.ok(lines.some((line) => line.includes(`${call} from 127.0.0.1 is refused: `)));
    assert.ok(
      lines.some((line) => line.includes(`${call} of 127.0.0.1 is refused ${REFUSED - 1} times more`)),
    );
  }
});

Deno.test("requests that are no calls are told and summed up as well", async () => {
  await using gateway = await TestGateway.start();
  const token = gateway.tokens.createToken("r", "u");
  const requests: [string, RequestInit, number, string][] = [
    ["/nowhere", { method: "POST", body: "{}" }, 404, "no such path"],
    ["/", { method: "GET" }, 405, "send a POST"],
    [
      "/",
      { method: "POST", body: "{}", headers: { "Content-Encoding": "gzip" } },
      415,
      "send the body as it is",
    ],
    ["/internal", { method: "POST", body: "{" }, 400, "the body is not JSON in UTF-8"],
    [
      "/",
      { method: "POST", body: "x".repeat(70_000), headers: { Authorization: `Bearer ${token}` } },
      413,
      "the body is longer than 65536 bytes",
    ],
  ];
  for (let i = 0; i < 5; i++) {
    for (const [path, init, status] of requests) {
      const response = await fetch(gateway.url + path, init);
      await response.body?.cancel();
      assert.equal(response.status, status);
    }
  }
  await gateway.program.stop();
  const { output } = gateway.program;
  for (const [, , status, cause] of requests) {
    const known = status === 413; // the token was read before the body
    const first = known ? "a request of customer acme" : "a request from 127.0.0.1";
    assert.equal(output.split(`${first} is refused: ${cause}`).length, 2, output);
    const all = known ? "a request of customer acme" : "a request of 127.0.0.1";
    assert.ok(output.includes(`${all} is refused 4 times more: ${cause}`), output);
  }
});

Deno.test("why a Connect is refused is a line with the customer and the room of the first", async () => {
  await using gateway = await TestGateway.start({}, { maxRooms: 1, maxPeers: 1 });
  await refusedWith(gateway.connect("early", "u"), -32002, /no server/);
  await gateway.report("sfu:4433", [{ name: "r", peers: 1 }]);
  for (let i = 0; i < 5; i++) await refusedWith(gateway.connect("late", `u${i}`), -32005, /peer limit/);
  await gateway.call("RoomClose", "r", "backend", { room_id: "r", ban_time: 60 });
  await refusedWith(gateway.connect("r", "u"), -32005, /peer limit|banned/);
  await gateway.program.stop();
  const { output } = gateway.program;
  assert.match(output, /Connect of customer acme to room early of acme is refused: no server available/);
  assert.match(output, /Connect of customer acme to room late of acme is refused: peer limit exceeded/);
  assert.match(output, /Connect of customer acme is refused [45] times more: peer-limit/);
});

Deno.test("a crowd of made-up customers cannot write more lines than a few", async () => {
  await using gateway = await TestGateway.start({ unknownCustomers: { maxPeers: 10, maxRooms: 10 } });
  // What the customers send is made before: after ten seconds what was refused is summed up, and told anew.
  const made = Array.from(
    { length: REFUSED },
    () => new TokenGenerator(newCustomer("x").accessKey).createToken("r", "u"),
  );
  for (const token of made) {
    const response = await gateway.post({ jsonrpc: "2.0", id: 1, method: "Connect" }, {
      Authorization: `Bearer ${token}`,
    });
    assert.equal((await response.json()).error.code, -32002);
  }
  await gateway.program.stop();
  const lines = gateway.program.output.split("\n").filter((line) => line.includes("is refused"));
  assert.ok(lines.length <= 60, String(lines.length));
  assert.match(gateway.program.output, /a call of others is refused 250 times more: no-server/);
});
