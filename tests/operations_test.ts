import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { Agent, request } from "node:http";
import { call } from "../sim/rpc_client.ts";
import { configSource, Program, TemporaryFolder } from "../sim/program.ts";
import { newCertificate } from "./certificate.ts";
import { refusedWith, sleep, TestGateway, USERS } from "./gateway.ts";
import { freePort } from "./programs.ts";

const INFO = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "Info", params: {} });
interface Asked {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
}

async function ask(url: string, options: RequestInit & { client?: Deno.HttpClient } = {}): Promise<Asked> {
  const response = await fetch(url, options);
  return { status: response.status, body: await response.text(), headers: response.headers };
}

function basic(name: string, password: string): Record<string, string> {
  return { Authorization: `Basic ${btoa(`${name}:${password}`)}` };
}

/** The status of a request whose path is sent as it stands here, with these headers and no others. */
function statusOf(url: string, method: string, path: string, headers: Record<string, string> = {}) {
  const { hostname: host, port } = new URL(url);
  return new Promise<number | undefined>((resolve, reject) => {
    const sending = request(
      { host, port, method, path, headers: { Host: "localhost", ...headers } },
      (its) => {
        its.resume();
        its.on("end", () => resolve(its.statusCode));
      },
    );
    sending.on("error", reject);
    sending.end(method === "POST" ? INFO : undefined);
  });
}

Deno.test("readiness names each check and what is missing; the main port says the same without detail", async () => {
  await using gateway = await TestGateway.start({ startup: { waitForReports: true, expectedServers: 1 } });
  const before = await ask(`${gateway.operations}/readyz`);
  assert.equal(before.status, 503);
  const { status, checks } = JSON.parse(before.body);
  assert.equal(status, "unavailable");
  assert.deepEqual(Object.keys(checks), ["listening", "customers", "store", "startup", "servers"]);
  for (const name of ["listening", "customers", "store"]) assert.deepEqual(checks[name], { ok: true }, name);
  assert.match(checks.startup.missing, /waiting for servers/);
  assert.match(checks.servers.missing, /no server reports/);
  const main = await ask(`${gateway.url}/readyz`);
  assert.deepEqual([main.status, main.body], [503, '{"status":"unavailable"}']);

  await gateway.report("sfu:1");
  const after = await ask(`${gateway.operations}/readyz`);
  assert.equal(after.status, 200);
  assert.equal(JSON.parse(after.body).status, "ok");
  for (const path of ["/readyz", "/healthz"]) {
    assert.deepEqual(await ask(`${gateway.url}${path}`).then((its) => [its.status, its.body]), [
      200,
      '{"status":"ok"}',
    ]);
    for (const url of [gateway.url, gateway.operations]) {
      const head = await ask(`${url}${path}`, { method: "HEAD" });
      assert.deepEqual([head.status, head.body], [200, ""]);
    }
  }
  assert.equal(await statusOf(gateway.url, "POST", "/healthz"), 404, "POST is for calls");
});

Deno.test("a gateway that stops is alive to the last, and no longer ready", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:1");
  const { hostname, port } = new URL(gateway.url);
  const half = connect(Number(port), hostname); // a request that the gateway waits for
  half.on("error", () => {});
  const token = gateway.tokens.createToken("r", "u");
  half.write(`POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 10\r\n\r\n{`);
  await sleep(100);
  assert.equal((await ask(`${gateway.operations}/readyz`)).status, 200);
  gateway.program.kill("SIGTERM");
  await gateway.program.printed(/finishing the requests under way/);
  const { status, body } = await ask(`${gateway.operations}/readyz`);
  assert.equal(status, 503);
  const { listening, ...others } = JSON.parse(body).checks;
  assert.match(listening.missing, /takes no connections: it stops/);
  for (const check of Object.values(others)) assert.deepEqual(check, { ok: true });
  assert.match(
    (await ask(`${gateway.operations}/metrics`)).body,
    /^odin_gateway_ready\{check="listening"\} 0$/m,
  );
  assert.equal((await ask(`${gateway.operations}/healthz`)).status, 200);
  half.destroy();
  assert.equal((await gateway.program.status).code, 0);
});

Deno.test("a gateway without customers is alive, but not ready", async () => {
  await using gateway = await TestGateway.start({ customers: [] });
  assert.equal((await ask(`${gateway.operations}/healthz`)).status, 200);
  const { checks } = JSON.parse((await ask(`${gateway.operations}/readyz`)).body);
  assert.match(checks.customers.missing, /configure customers/);
  assert.equal((await ask(`${gateway.url}/readyz`)).status, 503);
});

Deno.test("without a configuration two gateways on one machine both have an operations listener", async () => {
  await using one = await TestGateway.start();
  await using other = await TestGateway.start();
  assert.notEqual(one.operations, other.operations);
  for (const { operations, program } of [one, other]) {
    assert.match(operations, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await ask(`${operations}/healthz`)).status, 200);
    // Whatever else on this machine has the port: whoever does not get it says so.
    const taken = /port 7001 is taken, by a second gateway perhaps/.test(program.output);
    assert.equal(taken, !operations.endsWith(":7001"));
  }
});

Deno.test("--operations takes an address, or switches the listener off", async (t) => {
  using folder = new TemporaryFolder();
  const config = configSource({ operations: { port: 1 } });
  const start = (value: string) =>
    new Program({ config, folder: folder.path, args: ["--operations", value] });
  await t.step("an address", async () => {
    await using program = start("[::1]:0");
    const [, url] = await program.printed(/operations: .* are at (http:\/\/\[::1\]:\d+)/);
    assert.equal((await ask(`${url}/healthz`)).status, 200);
  });
  await t.step("off", async () => {
    await using program = start("off");
    await program.printed(/listens on/);
    assert.doesNotMatch(program.output, /operations/);
  });
  const wrong: [string, RegExp][] = [
    ["7001", /--operations.*expected host:port, such as 127\.0\.0\.1:7001, or off/],
    ["127.0.0.1:70000", /expected a port, 0 to 65535/],
    ["0.0.0.0:0", /operations\.users: expected a user, since other machines reach 0\.0\.0\.0/],
  ];
  for (const [value, message] of wrong) {
    await t.step(`${value} is refused`, async () => {
      await using program = start(value);
      assert.equal((await program.status).code, 2);
      assert.match(program.output, message);
    });
  }
});

Deno.test("a configured port that is taken ends the start, naming the member", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using folder = new TemporaryFolder();
  const config = configSource({ operations: { port: taken.addr.port } });
  await using program = new Program({ config, folder: folder.path });
  assert.equal((await program.status).code, 2);
  assert.match(
    program.output,
    /error: operations: cannot listen on .* the port is in use .*operations\.port/,
  );
});

Deno.test({
  name: "where the main listener is to have port 7001, operators are listened for on a free one",
  ignore: Deno.build.os !== "linux", // other systems have no such address on loopback
  fn: async (t) => {
    const hostname = "127.70.1.7"; // nobody else's, so that port 7001 is free
    for (const main of [hostname, "127.70.1.8"]) {
      await t.step(`the main listener on ${main}`, async () => {
        using folder = new TemporaryFolder();
        const config = configSource({ http: { hostname: main, port: 0 }, operations: { hostname } });
        await using program = new Program({ config, folder: folder.path, args: ["--port", "7001"] });
        await program.printed(/listens on http:\/\/127\.70\.1\.\d:7001/);
        const [, url, port] = await program.printed(/operations: .* are at (http:\/\/127\.70\.1\.7:(\d+))/);
        assert.equal(port === "7001", main !== hostname);
        assert.equal((await ask(`${url}/healthz`)).status, 200);
        assert.doesNotMatch(program.output, /taken/);
      });
    }
  },
});

Deno.test("operators cannot be listened for where the main listener is, and --check says so", async (t) => {
  using folder = new TemporaryFolder();
  const port = freePort();
  const certificate = { certFile: "/nowhere.pem" };
  const users = [{ name: "kim", password: "a password of some length" }];
  const main = { hostname: "127.0.0.1", port };
  const wrong: [string, object, string[]][] = [
    ["by an option", { http: main }, ["--operations", `127.0.0.1:${port}`]],
    ["by another name", { http: main }, ["--operations", `localhost:${port}`]],
    ["by the option for the main one", { operations: { port } }, ["--port", String(port)]],
    ["over TLS", { useSsl: true, https: { ...main, ...certificate }, operations: { port } }, []],
    ["on all addresses", { http: { ...main, hostname: "0.0.0.0" }, operations: { port } }, []],
    ["on all addresses by default", {
      http: { ...main, port: 7001 },
      operations: { hostname: "0.0.0.0", users },
    }, []],
  ];
  for (const [what, config, args] of wrong) {
    await t.step(what, async () => {
      for (const more of [[], ["--check"]]) {
        const options = { config: configSource(config), folder: folder.path, args: [...args, ...more] };
        await using program = new Program(options);
        assert.equal((await program.status).code, 2);
        assert.match(
          program.output,
          /operations\.port: expected another port than the main listener's, \S+ port \d+/,
        );
      }
    });
  }
});

Deno.test("a gateway that Deno does not let listen there runs without, and says which permission it lacks", async () => {
  using folder = new TemporaryFolder();
  const port = freePort();
  const permissions = ["--no-prompt", `--allow-net=127.0.0.1:${port}`, "--allow-read"];
  permissions.push(
    "--allow-env=ODIN_GATEWAY_MASTER_KEY,ODIN_GATEWAY_INTERNAL_USER,ODIN_GATEWAY_REDIS_PASSWORD,ODIN_GATEWAY_SENTINEL_PASSWORD",
  );
  const program = {
    config: configSource({ http: { hostname: "127.0.0.1", port } }),
    folder: folder.path,
    permissions: [...permissions, `--allow-write=${folder.path}`],
  };
  {
    await using running = await Program.start(program);
    assert.match(running.output, /no operations listener, .*--allow-net=127\.0\.0\.1:7001/);
  }
  await using asked = new Program({ ...program, args: ["--operations", "127.0.0.1:7001"] });
  assert.equal((await asked.status).code, 2);
  assert.match(asked.output, /error: operations: cannot listen on 127\.0\.0\.1 port 7001: not permitted/);
});

Deno.test("without a user's password nobody sees more than health, on any route and by any method", async () => {
  const hostname = "0.0.0.0";
  await using gateway = await TestGateway.start({ operations: { hostname, port: 0, users: USERS } });
  const paths = ["/readyz", "/metrics", "/rpc", "/openrpc.json", "/", "/nowhere", "/internal", "//rpc"];
  const strangers = [basic("viewer", "wrong"), { Authorization: "Bearer x" }, { Authorization: "Basic !" }];
  for (const path of paths) {
    for (const method of ["GET", "POST", "HEAD"]) {
      for (const headers of strangers.slice(1)) {
        assert.equal(await statusOf(gateway.operations, method, path, headers), 401, `${method} ${path}`);
      }
      const bare = await statusOf(gateway.operations, method, path);
      assert.equal(bare, path === "/readyz" && method !== "POST" ? 503 : 401, `${method} ${path}`);
    }
  }
  assert.equal(await statusOf(gateway.operations, "GET", "/readyz", strangers[0]), 401);
  const health = await ask(`${gateway.operations}/readyz`);
  assert.equal(health.body, '{"status":"unavailable"}', "no detail for strangers");
  const seen = await ask(`${gateway.operations}/readyz`, {
    headers: basic("viewer", "a password of some length"),
  });
  assert.ok("checks" in JSON.parse(seen.body));
  const refused = await ask(`${gateway.operations}/rpc`, { method: "POST", body: INFO });
  assert.match(refused.headers.get("WWW-Authenticate")!, /^Basic realm="odin-gateway operations"/);
  assert.match(refused.body, /user and password are missing \(see operations\.users\)/);
});

Deno.test("questions for health that are answered are not logged as refused", async () => {
  for (const users of [USERS, []]) {
    await using gateway = await TestGateway.start({ operations: { port: 0, users } });
    for (const headers of [{}, { "X-Forwarded-For": "203.0.113.7" }, { Origin: "http://page.example" }]) {
      for (const path of ["/healthz", "/readyz"]) {
        for (const method of ["GET", "HEAD"]) {
          const status = await statusOf(gateway.operations, method, path, headers);
          assert.equal(status, path === "/healthz" ? 200 : 503);
        }
      }
    }
    assert.equal(
      await statusOf(gateway.operations, "GET", "/healthz", basic("boss", "wrong")),
      users.length > 0 ? 401 : 200,
    );
    await gateway.program.stop();
    const refusals = gateway.program.output.split("\n").filter((line) => line.includes("is refused"));
    assert.equal(refusals.length, users.length > 0 ? 1 : 0, "the wrong password alone");
  }
});

Deno.test("the role read sees, the role admin changes, and neither gets what servers get", async () => {
  await using gateway = await TestGateway.start({ operations: { port: 0, users: USERS } });
  const as = (name: string) => (method: string, params: object) => {
    const url = new URL(`${gateway.operations}/rpc`);
    [url.username, url.password] = [name, USERS.find((user) => user.name === name)!.password];
    return call(url.href, method, params);
  };
  await gateway.report("sfu:1");
  const drain = { address: "sfu:1" };
  await as("viewer")("Info", {});
  await refusedWith(as("viewer")("server.Drain", drain), -32001, /which takes the role admin/);
  await refusedWith(as("viewer")("server.SetWeight", { ...drain, weight: 1 }), -32001, /role admin/);
  await refusedWith(as("viewer")("kind.Forget", {}), -32001, /role admin/);
  await as("boss")("server.Drain", drain);
  await as("boss")("server.Resume", drain);
  const config = { public_endpoint: "sfu:1", version: "1", config: "" };
  await refusedWith(as("boss")("sfu.GridConfig", config), -32601, /no such method/);
  await gateway.program.printed(/server\.Drain.* from 127\.0\.0\.1 is refused/);
  assert.ok(USERS.every(({ password }) => !gateway.program.output.includes(password)));
});

Deno.test("guesses at operators' passwords are limited, and the right one still passes", async () => {
  await using gateway = await TestGateway.start({ operations: { port: 0, users: USERS } });
  const guesses = Array.from(
    { length: 40 },
    (_, i) => ask(`${gateway.operations}/metrics`, { headers: basic("boss", `guess ${i}`) }),
  );
  const answers = await Promise.all(guesses);
  const tooMany = answers.filter(({ status }) => status === 429);
  assert.ok(tooMany.length >= 20, answers.map(({ status }) => status).join());
  assert.match(tooMany[0]!.headers.get("Retry-After")!, /^[1-9]\d*$/);
  const headers = basic("boss", "a password of another length");
  assert.notEqual((await ask(`${gateway.operations}/readyz`, { headers })).status, 401);
});

Deno.test("without users, what comes from a page, a proxy or under another name is refused", async () => {
  await using gateway = await TestGateway.start();
  const foreign: [string, Record<string, string>][] = [
    ["an Origin", { Origin: "http://127.0.0.1:7001" }],
    ["null as Origin", { Origin: "null" }],
    ["a name that a page was loaded from", { Host: "rebound.example:7001" }],
    ["a forwarded header", { "X-Forwarded-For": "127.0.0.1" }],
    ["Forwarded", { Forwarded: "for=127.0.0.1" }],
    ["Via", { Via: "1.1 proxy" }],
    ["a header of a browser", { "Sec-Fetch-Mode": "navigate" }],
  ];
  for (const [what, headers] of foreign) {
    for (const [method, path] of [["POST", "/rpc"], ["GET", "/metrics"], ["GET", "/nowhere"]] as const) {
      assert.equal(await statusOf(gateway.operations, method, path, headers), 401, `${what}, ${path}`);
    }
    assert.equal(await statusOf(gateway.operations, "GET", "/healthz", headers), 200, what);
  }
  const scrape = { "X-Prometheus-Scrape-Timeout-Seconds": "10" };
  assert.equal(await statusOf(gateway.operations, "GET", "/healthz", scrape), 200);
  assert.equal(await statusOf(gateway.operations, "POST", "/rpc", scrape), 200);
  const its = await ask(`${gateway.operations}/healthz`);
  assert.equal(its.headers.get("Access-Control-Allow-Origin"), null, "no other site may read it");
});

Deno.test("no other spelling of a path leads anywhere", async () => {
  await using gateway = await TestGateway.start();
  const spellings = ["/rpc/", "//rpc", "/./rpc", "/x/../rpc", "/%72pc", "/rpc%00", "/rpc;x", "/RPC", "/*"];
  for (const path of [...spellings, "/internal", "//", "/dashboard", "/dashboard/"]) {
    for (const method of ["GET", "POST"]) {
      assert.equal(await statusOf(gateway.operations, method, path), 404, `${method} ${path}`);
    }
  }
  assert.equal(await statusOf(gateway.operations, "POST", "/rpc?x=1"), 200);
  assert.equal(await statusOf(gateway.operations, "GET", "/rpc"), 405);
  assert.equal(await statusOf(gateway.operations, "POST", "/healthz"), 405);
  for (const method of ["DELETE", "TRACE", "OPTIONS", "PROPFIND"]) {
    assert.equal(await statusOf(gateway.operations, method, "/rpc"), 405, method);
  }
  assert.equal(await statusOf(gateway.operations, "GET", `/${"x".repeat(3000)}`), 414);
  const long = await ask(`${gateway.operations}/rpc`, { method: "POST", body: " ".repeat(70_000) });
  assert.equal(long.status, 413);
});

Deno.test("operators' connections have time-outs, and a crowd of them does not keep callers out", async () => {
  await using gateway = await TestGateway.start({ connections: { headerTimeout: 0.5, idleTimeout: 0.5 } });
  const { hostname, port } = new URL(gateway.operations);
  const closed = Array.from({ length: 200 }, () =>
    new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write("GET /he"));
      socket.on("error", () => {});
      socket.on("data", () => {});
      socket.on("close", () => resolve());
    }));
  await sleep(50);
  await gateway.internal("Info", {});
  await Promise.all(closed);
  let tries = 20; // of a crowd that comes at once some are turned away, perhaps with a little delay
  while (!await ask(`${gateway.operations}/healthz`).then(({ status }) => status === 200, () => false)) {
    assert.ok(tries-- > 0, "it answers no more");
    await sleep(100);
  }
});

const CROWDS: [what: string, sent: string][] = [
  ["say nothing", ""],
  ["send half a header", "GET /metrics HTTP/1.1\r\nHost: x\r\nX: "],
  ["send half a body", "POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{"],
  ["ask for health", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"],
];
for (const [what, sent] of CROWDS) {
  Deno.test(`connections without credentials that ${what}, and come back, keep neither probes nor operators out`, async () => {
    await using gateway = await TestGateway.start({ operations: { port: 0, users: USERS } });
    const { hostname: host, port } = new URL(gateway.operations);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = { Host: "localhost", ...basic("viewer", USERS[0]!.password) };
    /** Whether the connection was there before. */
    const askAsViewer = () =>
      new Promise<boolean>((resolve, reject) => {
        const sending = request({ host, port, agent, path: "/metrics", headers }, (its) => {
          its.resume();
          its.on("end", () => resolve(sending.reusedSocket));
        });
        sending.on("error", reject);
        sending.end();
      });
    await askAsViewer();
    const sockets = new Set<Socket>();
    let over = false;
    const come = () => {
      const socket = connect(Number(port), host, () => socket.write(sent));
      sockets.add(socket);
      socket.on("error", () => {});
      socket.resume();
      socket.on("close", () => {
        sockets.delete(socket);
        if (!over) setTimeout(come, 10);
      });
    };
    for (let i = 0; i < 80; i++) come();
    try {
      await gateway.program.printed(/64 connections are open, the limit/);
      for (let i = 0; i < 10; i++) {
        assert.equal(
          (await ask(`${gateway.operations}/healthz`, { headers: { Connection: "close" } })).status,
          200,
        );
        assert.ok(await askAsViewer(), "a connection with the right password stays");
      }
    } finally {
      over = true;
      for (const socket of sockets) socket.destroy();
      agent.destroy();
    }
  });
}

Deno.test("beyond loopback the listener speaks TLS where the main one does", async () => {
  await using gateway = await TestGateway.start();
  await gateway.program.stop();
  const { cert, key } = await newCertificate();
  const folder = gateway.folder.path;
  const https = {
    hostname: "127.0.0.1",
    port: 0,
    certFile: `${folder}/cert.pem`,
    keyFile: `${folder}/key.pem`,
  };
  Deno.writeTextFileSync(https.certFile, cert);
  Deno.writeTextFileSync(https.keyFile, key);
  await gateway.reconfigure({
    useSsl: true,
    https,
    operations: { hostname: "0.0.0.0", port: 0, users: USERS },
  });
  assert.match(gateway.operations, /^https:/);
  using client = Deno.createHttpClient({ caCerts: [cert] });
  const url = gateway.operations.replace("127.0.0.1", "localhost");
  const headers = basic("viewer", "a password of some length");
  assert.equal((await ask(`${url}/rpc`, { method: "POST", body: INFO, headers, client })).status, 200);
  const { body } = await ask(`${url}/metrics`, { headers, client });
  assert.match(body, /^odin_gateway_certificate_remaining_seconds \d{5,}/m);

  const renewed = await newCertificate();
  Deno.writeTextFileSync(`${folder}/cert2.pem`, renewed.cert);
  Deno.writeTextFileSync(`${folder}/key2.pem`, renewed.key);
  const config = Deno.readTextFileSync(`${folder}/config.ts`);
  Deno.writeTextFileSync(
    `${folder}/config.ts`,
    config.replace("cert.pem", "cert2.pem").replace("key.pem", "key2.pem"),
  );
  const reload = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "config.Reload", params: {} });
  const boss = basic("boss", "a password of another length");
  const reloaded = await ask(`${url}/rpc`, { method: "POST", body: reload, headers: boss, client });
  assert.match(reloaded.body, /https\.certFile/);
  using next = Deno.createHttpClient({ caCerts: [renewed.cert] });
  assert.equal((await ask(`${url}/healthz`, { client: next })).status, 200, "the new certificate is served");
});
