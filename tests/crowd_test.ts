import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ConfigSchema } from "../src/config/schema.ts";
import { listen, type Listener } from "../src/edge/http/listener.ts";
import { TemporaryFolder } from "../sim/program.ts";
import { newCertificate } from "./certificate.ts";
import { sleep } from "./gateway.ts";

/** A listener of four connections: `/slow` is answered when it is let go, `/health` the same to anybody, else it is a proof. */
class SmallListener implements AsyncDisposable {
  readonly #sockets: Socket[] = [];

  private constructor(
    readonly listener: Listener,
    readonly certificate: string | undefined,
    readonly release: () => void,
    readonly folder: TemporaryFolder,
  ) {}

  static async start(overTls = false): Promise<SmallListener> {
    const folder = new TemporaryFolder();
    const { cert, key } = await newCertificate();
    const http = { hostname: "127.0.0.1", port: 0 };
    const https = { ...http, certFile: `${folder.path}/cert.pem`, keyFile: `${folder.path}/key.pem` };
    Deno.writeTextFileSync(https.certFile, cert);
    Deno.writeTextFileSync(https.keyFile, key);
    const settings = ConfigSchema.parse({ useSsl: overTls, http, https, connections: { limit: 4 } });
    const slow = Promise.withResolvers<void>();
    const listener = await listen(settings, async ({ target }) => {
      if (target === "/slow") await slow.promise;
      return { status: target === "/wrong" ? 401 : 200, body: "{}", toAnybody: target === "/health" };
    });
    return new SmallListener(listener, overTls ? cert : undefined, slow.resolve, folder);
  }

  /** A connection, open or being closed. */
  async open(): Promise<Socket> {
    const { port } = this.listener;
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = this.certificate === undefined
      ? connect(port, "127.0.0.1", resolve)
      : connectTls({ port, host: "127.0.0.1", ca: this.certificate }, resolve);
    this.#sockets.push(socket);
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
    socket.resume();
    await promise;
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    for (const socket of this.#sockets) socket.destroy();
    await this.listener.stop(1000);
    this.folder[Symbol.dispose]();
  }
}

/** The status of an answer, or nothing where the connection is closed. */
function ask(socket: Socket, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve(undefined);
    socket.once("data", (data) => resolve(/^HTTP\/1\.1 (\d+)/.exec(String(data))?.[1]));
    socket.once("close", () => resolve(undefined));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  });
}

/** The same for a new connection. */
async function askAnew(small: SmallListener, path: string): Promise<string | undefined> {
  return await ask(await small.open(), path);
}

for (const overTls of [false, true]) {
  const over = overTls ? "over TLS" : "without TLS";

  Deno.test(`of a crowd those go first that have proved nothing, and everybody gets an answer, ${over}`, async () => {
    await using small = await SmallListener.start(overTls);
    const proved = [await small.open(), await small.open(), await small.open()];
    for (const socket of proved) assert.equal(await ask(socket, "/"), "200");
    for (const path of ["/health", "/wrong", "/health", "/wrong"]) {
      const newcomers = [await small.open(), await small.open(), await small.open()];
      assert.ok(await askAnew(small, path) !== undefined, `${path}: a newcomer has its time`);
      assert.ok(await ask(newcomers[0]!, path) === undefined, `${path}: it has made room`);
    }
    for (const socket of proved) assert.equal(await ask(socket, "/"), "200", "it is the same connection");
  });

  Deno.test(`where all connections are proved, the one makes room that is idle for longest, ${over}`, async () => {
    await using small = await SmallListener.start(overTls);
    const proved = [await small.open(), await small.open(), await small.open(), await small.open()];
    for (const socket of proved) assert.equal(await ask(socket, "/"), "200");
    await sleep(5);
    assert.equal(await ask(proved[0]!, "/"), "200");
    assert.equal(await askAnew(small, "/health"), "200");
    const answers = [];
    for (const socket of proved) answers.push(await ask(socket, "/"));
    assert.deepEqual(answers, ["200", undefined, "200", "200"]);
  });

  Deno.test(`where all connections are being served, quick requests have places of their own, ${over}`, async () => {
    await using small = await SmallListener.start(overTls);
    const served = [];
    for (let i = 0; i < 4; i++) served.push(ask(await small.open(), "/slow"));
    await sleep(100);
    for (let i = 0; i < 12; i++) await small.open(); // and says nothing
    for (let i = 0; i < 12; i++) assert.equal(await askAnew(small, "/health"), "200");
    const { open, limit } = small.listener.connections();
    assert.ok(open > limit && open <= limit + 8 + 1, `${open} are open`);
    for (let i = 0; i < 20; i++) void ask(await small.open(), "/slow");
    assert.ok(small.listener.connections().open <= limit + 16, "those have a bound, too");
    small.release();
    assert.deepEqual(await Promise.all(served), ["200", "200", "200", "200"], "whoever is served stays");
  });
}
