import assert from "node:assert/strict";
import { request } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { newCertificate } from "./certificate.ts";
import { sleep, TestGateway } from "./gateway.ts";

/** A connection on which a test writes what it likes. */
class Wire implements Disposable {
  private constructor(readonly connection: Deno.Conn) {}

  /** @param certificate of a gateway that speaks TLS */
  static async to(url: string, certificate?: string): Promise<Wire> {
    const { hostname, port } = new URL(url);
    if (certificate === undefined) return new Wire(await Deno.connect({ hostname, port: Number(port) }));
    const caCerts = [certificate];
    return new Wire(
      await Deno.connectTls({ hostname, port: Number(port), caCerts, alpnProtocols: ["http/1.1"] }),
    );
  }

  async write(text: string): Promise<void> {
    let bytes = new TextEncoder().encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(await this.connection.write(bytes));
  }

  /** What comes until the text is there, or the end. */
  async read(until?: string | RegExp): Promise<string> {
    let text = "";
    const buffer = new Uint8Array(65536);
    const late = setTimeout(() => this[Symbol.dispose](), 8000);
    while (until === undefined || !(typeof until === "string" ? text.includes(until) : until.test(text))) {
      const size = await this.connection.read(buffer).catch(() => null);
      if (size === null) break;
      text += new TextDecoder().decode(buffer.subarray(0, size));
    }
    clearTimeout(late);
    return text;
  }

  [Symbol.dispose](): void {
    try {
      this.connection.close();
    } catch { /* closed already */ }
  }
}

const JSON_ANSWER = /\r\n\r\n\{.*"error":\{"code":-?\d+/s;

Deno.test("what is no request, or names no host, is refused as JSON-RPC", async (t) => {
  await using gateway = await TestGateway.start();
  const refused: [string, string, number][] = [
    ["a path in Host", "POST / HTTP/1.1\r\nHost: x/internal?\r\n", 400],
    ["a fragment in Host", "POST / HTTP/1.1\r\nHost: x#y\r\n", 400],
    ["a user in Host", "POST / HTTP/1.1\r\nHost: u@x\r\n", 400],
    ["a blank in Host", "POST / HTTP/1.1\r\nHost: x y\r\n", 400],
    ["a list in Host", "POST / HTTP/1.1\r\nHost: x, y\r\n", 400],
    ["a port that there is not in Host", "POST / HTTP/1.1\r\nHost: x:65536\r\n", 400],
    ["an empty Host", "POST / HTTP/1.1\r\nHost:\r\n", 400],
    ["no Host", "POST / HTTP/1.1\r\n", 400],
    ["two Hosts", "POST / HTTP/1.1\r\nHost: x\r\nhost: x\r\n", 400],
    ["a user in an absolute target", "POST http://u@x/ HTTP/1.1\r\nHost: x\r\n", 400],
    ["another scheme", "POST ftp://x/ HTTP/1.1\r\nHost: x\r\n", 400],
    ["no request line", "GARBAGE\r\n", 400],
    [
      "a length and chunks",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n",
      400,
    ],
    ["two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n", 400],
    ["an unknown coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n", 400],
    [
      "a coding that is not understood",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n",
      501,
    ],
    ["chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", 400],
    ["a blank before the colon", "POST / HTTP/1.1\r\nHost : x\r\n", 400],
    ["a folded header", "POST / HTTP/1.1\r\nHost: x\r\n y\r\n", 400],
    ["headers without end", `POST / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(100_000)}\r\n`, 431],
    ["CONNECT", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n", 405],
    ["an unknown expectation", "POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n", 417],
    [
      "a compressed body",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n",
      415,
    ],
    ["two slashes", "POST //internal HTTP/1.1\r\nHost: x\r\n", 404],
    ["an encoded letter", "POST /%69nternal HTTP/1.1\r\nHost: x\r\n", 404],
    ["dot segments", "POST /x/../internal HTTP/1.1\r\nHost: x\r\n", 404],
    ["capitals", "POST /INTERNAL HTTP/1.1\r\nHost: x\r\n", 404],
  ];
  for (const [what, head, status] of refused) {
    await t.step(what, async () => {
      using wire = await Wire.to(gateway.url);
      await wire.write(`${head}\r\n`).catch(() => {});
      const answer = await wire.read(JSON_ANSWER);
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
      assert.match(answer, JSON_ANSWER);
      assert.match(answer, /access-control-allow-origin: \*/i);
    });
  }
});

const INFO = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "Info" });
const requestOf = (line: string, headers = "", body = INFO) =>
  `${line}\r\nHost: x\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;

Deno.test("what clients in the field send is answered", async (t) => {
  await using gateway = await TestGateway.start();
  const answered: [string, string, RegExp][] = [
    ["an absolute target", requestOf("POST http://y:1/internal?q HTTP/1.1"), /^HTTP\/1.1 200 .*"servers"/s],
    [
      "a wish to upgrade, as Java sends it",
      requestOf(
        "POST /internal HTTP/1.1",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
      ),
      /^HTTP\/1.1 200 .*"servers"/s,
    ],
    ["OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1.1 204 /],
    ["HEAD", "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1.1 405 .*\r\n\r\n$/s],
    [
      "a preflight with a page's own headers",
      "OPTIONS / HTTP/1.1\r\nHost: x\r\nAccess-Control-Request-Headers: traceparent, x-b3\r\n\r\n",
      /Allow-Headers: Authorization,Content-Type,traceparent, x-b3\r\n/i,
    ],
    [
      "a preflight with what is no header",
      "OPTIONS / HTTP/1.1\r\nHost: x\r\nAccess-Control-Request-Headers: a b\r\n\r\n",
      /Allow-Headers: Authorization,Content-Type\r\n/i,
    ],
    [
      "chunks",
      `POST /internal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${
        INFO.length.toString(16)
      }\r\n${INFO}\r\n0\r\n\r\n`,
      /^HTTP\/1.1 200 .*"servers"/s,
    ],
    [
      "two requests at once",
      requestOf("POST /internal HTTP/1.1") + requestOf("POST /internal HTTP/1.1"),
      /200 OK.*"servers".*200 OK.*"servers"/s,
    ],
  ];
  for (const [what, request, expected] of answered) {
    await t.step(what, async () => {
      using wire = await Wire.to(gateway.url);
      await wire.write(request);
      assert.match(await wire.read(expected), expected);
    });
  }
  await t.step("Expect: 100-continue, and none of it for who may not call", async () => {
    using wire = await Wire.to(gateway.url);
    const head = `Host: x\r\nExpect: 100-continue\r\nContent-Length: ${INFO.length}\r\n\r\n`;
    await wire.write(`POST /internal HTTP/1.1\r\n${head}`);
    assert.match(await wire.read("\r\n\r\n"), /^HTTP\/1.1 100 /);
    await wire.write(INFO);
    assert.match(await wire.read('"servers"'), /^HTTP\/1.1 200 /);
    using other = await Wire.to(gateway.url);
    await other.write(`POST / HTTP/1.1\r\n${head}`);
    assert.match(await other.read(JSON_ANSWER), /^HTTP\/1.1 401 /);
  });
});

Deno.test("a body that is refused unread is not in the way of the next request", async (t) => {
  await using gateway = await TestGateway.start();
  const body = "x".repeat(200_000);
  const refused: [string, string, number][] = [
    ["no credentials", "POST / HTTP/1.1\r\nHost: x\r\n", 401],
    ["no such path", "POST /nowhere HTTP/1.1\r\nHost: x\r\n", 404],
    ["no POST", "PUT / HTTP/1.1\r\nHost: x\r\n", 405],
    ["a preflight", "OPTIONS / HTTP/1.1\r\nHost: x\r\n", 204],
    ["too long a target", `POST /${"y".repeat(3000)} HTTP/1.1\r\nHost: x\r\n`, 414],
    ["a coding", "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n", 415],
  ];
  const framings: [string, (body: string) => string][] = [
    ["of a length", (body) => `Content-Length: ${body.length}\r\n\r\n${body}`],
    [
      "in chunks",
      (body) => `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    ],
  ];
  for (const [name, head, status] of refused) {
    for (const [how, framed] of framings) {
      await t.step(`${name}, ${how}`, async () => {
        using wire = await Wire.to(gateway.url);
        for (let turn = 0; turn < 2; turn++) {
          const writing = wire.write(head + framed(body));
          assert.match(await wire.read(/\r\n\r\n/), new RegExp(`^HTTP/1.1 ${status} `));
          await writing;
          const good = '{"jsonrpc":"2.0","id":1,"method":"Info"}'.padEnd(100_000);
          await wire.write(`POST /internal HTTP/1.1\r\nHost: x\r\n${framed(good)}`);
          assert.match(await wire.read('"result"'), /^HTTP\/1.1 200 /);
        }
      });
    }
  }
  await t.step("over HTTP/2, more often than there are streams", async () => {
    const session = connectHttp2(gateway.url);
    for (let turn = 0; turn < 150; turn++) {
      const stream = session.request({ ":method": "POST", ":path": "/" });
      stream.on("error", () => {});
      stream.end(body);
      const status = await new Promise((resolve) =>
        stream.on("response", (headers) => resolve(headers[":status"]))
      );
      assert.equal(status, 401);
      stream.resume();
    }
    session.destroy();
  });
});

Deno.test("who pipelines a few requests gets all answers in order; who does not stop is cut off", async () => {
  await using gateway = await TestGateway.start();
  const numbered = (id: number) => {
    const body = `{"jsonrpc":"2.0","id":${id},"method":"Info"}`;
    return `POST /internal HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  using wire = await Wire.to(gateway.url);
  await wire.write(Array.from({ length: 30 }, (_, i) => numbered(i)).join(""));
  const answers = await wire.read('"id":29');
  const ids = [...answers.matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id));
  assert.deepEqual(ids, Array.from({ length: 30 }, (_, i) => i));

  const many = numbered(1).repeat(500);
  const flood = async () => {
    using wire = await Wire.to(gateway.url);
    for (let sent = 0; sent < 1_000_000; sent += 500) {
      try {
        await wire.write(many);
      } catch {
        return sent;
      }
    }
    return Infinity;
  };
  for (const sent of await Promise.all(Array.from({ length: 8 }, flood))) {
    assert.ok(sent < Infinity, "nobody stopped it");
  }
  await gateway.internal("Info", {});
});

for (const over of ["TCP", "TLS"]) {
  Deno.test(`peers that keep the gateway waiting are told, or cut off; others stay, over ${over}`, async (t) => {
    const second = 0.5;
    const config = {
      connections: { headerTimeout: second, bodyTimeout: second, idleTimeout: 3, sendTimeout: second },
    };
    await using gateway = await TestGateway.start(config);
    const certificate = over === "TLS" ? await useTls(gateway, config) : undefined;
    const slow: [string, string, RegExp][] = [
      ["nothing sent", "", /^(HTTP\/1.1 408 |$)/],
      ["half a header", "POST / HTTP/1.1\r\nHo", /^HTTP\/1.1 408 /],
      ["half a body", "POST /internal HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{", /^HTTP\/1.1 408 /],
      ["nothing more", requestOf("POST /internal HTTP/1.1"), /^HTTP\/1.1 200 /],
    ];
    for (const [what, sent, expected] of slow) {
      await t.step(what, async () => {
        using wire = await Wire.to(gateway.url, certificate);
        await wire.write(sent);
        assert.match(await wire.read(), expected);
      });
    }
    await t.step("a session of HTTP/2 with a request now and then", async () => {
      const session = connectHttp2(gateway.url, certificate === undefined ? {} : { ca: certificate });
      session.on("error", () => {});
      for (let turn = 0; turn < 5; turn++) {
        assert.equal(await statusOver(session), 200);
        await sleep(1200);
      }
      session.destroy();
    });
    await t.step("a request now and then", async () => {
      using wire = await Wire.to(gateway.url, certificate);
      for (let turn = 0; turn < 5; turn++) {
        await wire.write(requestOf("POST /internal HTTP/1.1"));
        assert.match(await wire.read('"servers"'), /^HTTP\/1.1 200 /);
        await sleep(1500);
      }
    });
  });
}

/** The status of a call over HTTP/2; with `Expect` as some clients spell it. */
function statusOver(session: ClientHttp2Session, headers: Record<string, string> = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": "POST", ":path": "/internal", ...headers });
    stream.on("error", reject);
    stream.on("response", (answer) => resolve(answer[":status"]));
    stream.resume();
    stream.end(INFO);
    session.once("close", () => reject(new Error("the session was closed")));
  });
}

Deno.test("Expect: 100-continue is met over HTTP/2 too, however it is spelt", async () => {
  await using gateway = await TestGateway.start();
  const certificate = await useTls(gateway);
  const session = connectHttp2(gateway.url, { ca: certificate });
  for (const expect of ["100-continue", "100-Continue"]) {
    assert.equal(await statusOver(session, { expect }), 200);
  }
  session.destroy();
  for (const expect of ["100-Continue", "100-CONTINUE"]) {
    const head = `Host: x\r\nExpect: ${expect}\r\nContent-Length: ${INFO.length}\r\n\r\n`;
    using wire = await Wire.to(gateway.url, certificate);
    await wire.write(`POST /internal HTTP/1.1\r\n${head}`);
    assert.match(await wire.read("\r\n\r\n"), /^HTTP\/1.1 100 /);
    await wire.write(INFO);
    assert.match(await wire.read('"servers"'), /^HTTP\/1.1 200 /);
  }
});

Deno.test("a connection of TLS that is idle for less than its time is kept", async () => {
  await using gateway = await TestGateway.start();
  const certificate = await useTls(gateway);
  using wire = await Wire.to(gateway.url, certificate);
  for (const pause of [7000, 0]) {
    await wire.write(requestOf("POST /internal HTTP/1.1"));
    assert.match(await wire.read('"servers"'), /^HTTP\/1.1 200 /);
    await sleep(pause);
  }
});

Deno.test("a handshake of TLS that does not come to its end is cut off", async () => {
  await using gateway = await TestGateway.start();
  await useTls(gateway, { connections: { headerTimeout: 0.5 } });
  using wire = await Wire.to(gateway.url);
  assert.equal(await wire.read(), "");
});

/** Starts the gateway anew, with a new certificate. @returns the certificate */
async function useTls(gateway: TestGateway, config: object = {}): Promise<string> {
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
  await gateway.reconfigure({ useSsl: true, https, ...config });
  return cert;
}

Deno.test("beyond the limit, connections are closed, and there is room again afterwards", async () => {
  await using gateway = await TestGateway.start({ connections: { limit: 10 } });
  const wires = await Promise.all(Array.from({ length: 30 }, () => Wire.to(gateway.url)));
  await gateway.program.printed(/10 connections are open, the limit/);
  for (const wire of wires) wire[Symbol.dispose]();
  await sleep(200);
  await gateway.internal("Info", {});
});

Deno.test("half-sent bodies that take all connections make room, and those of others first", async () => {
  await using gateway = await TestGateway.start({
    http: { hostname: "0.0.0.0", port: 0 },
    internal: { withoutUsers: "loopback" },
    connections: { limit: 40 },
  });
  const half = "POST /internal HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{";
  const wires: Wire[] = [];
  try {
    for (let i = 0; i < 60; i++) {
      const wire = await Wire.to(gateway.url);
      wires.push(wire);
      await wire.write(half).catch(() => {}); // it may be too many
    }
    // From another address: there is room at once, at the cost of the crowd.
    assert.equal(await statusFrom("127.0.0.3", gateway.url), 200);
    // From the same one: as soon as it is seen that the others do not go on.
    await sleep(4500);
    assert.equal(await statusFrom("127.0.0.1", gateway.url), 200);
  } finally {
    for (const wire of wires) wire[Symbol.dispose]();
  }
});

/** The status of a call from this address of the machine. */
function statusFrom(localAddress: string, url: string): Promise<number | undefined> {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sending = request({ host, port, localAddress, path: "/internal", method: "POST" }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    sending.on("error", reject);
    sending.end(INFO);
  });
}

Deno.test("a renewed certificate is served without a restart, a broken one is not", async () => {
  await using gateway = await TestGateway.start();
  const data = gateway.folder.path;
  const [first, second] = [await newCertificate(), await newCertificate()];
  const write = ({ cert, key }: { cert: string; key: string }) => {
    Deno.writeTextFileSync(`${data}/cert.pem`, cert);
    Deno.writeTextFileSync(`${data}/key.pem`, key);
  };
  write(first);
  await gateway.program.stop();
  const https = {
    hostname: "localhost",
    port: 0,
    certFile: `${data}/cert.pem`,
    keyFile: `${data}/key.pem`,
  };
  await gateway.reconfigure({ useSsl: true, https });
  const answers = async (cert: string) => {
    const client = Deno.createHttpClient({ caCerts: [cert] });
    const response = await fetch(gateway.url, { method: "OPTIONS", client }).finally(() => client.close());
    await response.body?.cancel();
    return response.ok;
  };
  assert.ok(await answers(first.cert));
  write({ cert: second.cert, key: "broken" });
  await gateway.program.printed(/the one before stays: .*key\.pem holds none/);
  assert.ok(await answers(first.cert));
  write(second);
  await gateway.program.printed(/the renewed certificate is served from now on/);
  assert.ok(await answers(second.cert));
});

Deno.test("a gateway that has run out of file descriptors listens again once there are some", async () => {
  const limits = { connections: { limit: 5000 } };
  await using gateway = await TestGateway.start(
    limits,
    {},
    () => ["sh", "-c", 'ulimit -n 150; exec "$0" "$@"'],
  );
  const wires: Wire[] = [];
  try {
    for (let i = 0; i < 250; i++) wires.push(await Wire.to(gateway.url));
    await sleep(1000);
  } finally {
    for (const wire of wires) wire[Symbol.dispose]();
  }
  await gateway.program.printed(/connections are not accepted, perhaps for lack of file descriptors/);
  const until = performance.now() + 10_000;
  while (true) {
    const answered = await fetch(gateway.url, { signal: AbortSignal.timeout(1000) }).then(
      async (response) => (await response.body?.cancel(), true),
      () => false,
    );
    if (answered) break;
    assert.ok(performance.now() < until, "it answers no more");
  }
  await gateway.report("a:1");
  await gateway.connect("r", "u");
});

Deno.test("connections of TLS that never agree on anything make room for those that do", async () => {
  await using gateway = await TestGateway.start();
  const certificate = await useTls(gateway, { connections: { limit: 30 } });
  using kept = await Wire.to(gateway.url, certificate);
  const silent: Wire[] = [];
  try {
    for (let i = 0; i < 120; i++) {
      silent.push(await Wire.to(gateway.url));
      if (i % 20 !== 19) continue;
      await kept.write(requestOf("POST /internal HTTP/1.1"));
      assert.match(await kept.read('"servers"'), /^HTTP\/1.1 200 /, "one that is agreed on stays");
      await eventually(async () => {
        using wire = await Wire.to(gateway.url, certificate);
        await wire.write(requestOf("POST /internal HTTP/1.1"));
        assert.match(await wire.read('"servers"'), /^HTTP\/1.1 200 /);
      });
    }
  } finally {
    for (const wire of silent) wire[Symbol.dispose]();
  }
  assert.doesNotMatch(gateway.program.output, /not accepted/);
});

/** Tries again while it fails, for some seconds: of a crowd that comes at once, some are turned away. */
async function eventually(attempt: () => Promise<void>): Promise<void> {
  for (let tries = 20;; tries--) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 0) throw error;
      await sleep(200);
    }
  }
}

Deno.test("who sends too long a body gets to see why", async () => {
  await using gateway = await TestGateway.start();
  const token = gateway.tokens.createToken("r", "u");
  for (let turn = 0; turn < 20; turn++) {
    using wire = await Wire.to(gateway.url);
    const head =
      `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const body = `10000\r\n${"x".repeat(65536)}\r\n`.repeat(40);
    const writing = wire.write(`${head}${body}0\r\n\r\n`);
    assert.match(await wire.read("65536 bytes"), /^HTTP\/1.1 413 /);
    await writing;
  }
});
