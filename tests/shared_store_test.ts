import assert from "node:assert/strict";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { NO_REDIS, RedisServer } from "../src/store/redis/testing.ts";
import { newCertificate } from "./certificate.ts";
import { freePort } from "./programs.ts";

const { entry } = newCustomer("acme");
const MASTER_KEY = "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==";

const config = (more: object = {}) =>
  configSource({
    customers: [entry],
    masterKey: MASTER_KEY,
    http: { hostname: "127.0.0.1", port: 0 },
    operations: { enabled: false },
    ...more,
  });

Deno.test("--check names a Redis that cannot be used, and no password", async () => {
  using folder = new TemporaryFolder();
  const args = ["--check", "--store", `redis://kim:S3CRET@127.0.0.1:${freePort()}`];
  await using program = new Program({ config: config(), folder: folder.path, args });
  assert.equal((await program.status).code, 75, "as a start would end");
  assert.match(
    program.output,
    /error: the store: Redis at 127\.0\.0\.1:\d+ refuses connections; is it running\?/,
  );
  assert.match(program.output, /the gateway would not start now$/m);
  assert.doesNotMatch(program.output, /S3CRET/);
});

Deno.test({
  name:
    "gateways share a Redis whose password is in the environment, and one with another master key does not start",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start("--requirepass", "S3CRET");
    const env = { ODIN_GATEWAY_REDIS_PASSWORD: "S3CRET" };
    using one = new TemporaryFolder();
    using other = new TemporaryFolder();
    using third = new TemporaryFolder();
    const args = ["--store", `redis://127.0.0.1:${redis.port}`];
    await using checked = new Program({
      config: config(),
      folder: one.path,
      args: [...args, "--check"],
      env,
    });
    assert.equal((await checked.status).code, 0, checked.output);
    assert.deepEqual(await redis.ask("DBSIZE").catch(() => "asked for a password"), "asked for a password");
    await using _ = await Program.start({ config: config(), folder: one.path, args, env });
    await using __ = await Program.start({ config: config(), folder: other.path, args, env });
    const differs = config({ masterKey: "YW5vdGhlciBtYXN0ZXIga2V5IHRoYW4gdGhlIG90aGVycyc=" });
    await using refused = new Program({ config: differs, folder: third.path, args, env });
    assert.equal((await refused.status).code, 2, refused.output);
    assert.match(
      refused.output,
      /the store: the gateways that share the store have another masterKey than this one/,
    );
    assert.doesNotMatch(refused.output, /S3CRET/);
  },
});

Deno.test({
  name: "a reload leaves what gateways must have in common, so that others can still start beside it",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start();
    using one = new TemporaryFolder();
    using other = new TemporaryFolder();
    const args = ["--store", `redis://127.0.0.1:${redis.port}`];
    await using reloaded = await Program.start({ config: config(), folder: one.path, args });
    const removeTimeout = config({ sfuConfig: { removeTimeout: 60 }, bans: { maxTime: 100 } });
    Deno.writeTextFileSync(`${one.path}/config.ts`, removeTimeout);
    reloaded.kill("SIGHUP");
    await reloaded.printed(/the configuration was read again: \W*bans\.maxTime changed/);
    await reloaded.printed(/sfuConfig\.removeTimeout\W* has changed and takes a restart: .*share the store/);
    await using refused = new Program({ config: removeTimeout, folder: other.path, args });
    assert.equal((await refused.status).code, 2, refused.output);
    assert.match(refused.output, /have another sfuConfig\.removeTimeout than this one/);
    await using _ = await Program.start({ config: config(), folder: other.path, args });
  },
});

Deno.test({
  name:
    "without masterKey and internal.users a gateway keeps what it made, and another one keeps nothing that is refused",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start();
    using one = new TemporaryFolder();
    using other = new TemporaryFolder();
    const args = ["--store", `redis://127.0.0.1:${redis.port}`];
    const made = configSource({
      customers: [entry],
      http: { hostname: "0.0.0.0", port: 0 },
      operations: { enabled: false },
    });
    await using first = await Program.start({ config: made, folder: one.path, args });
    await first.printed(/made one and keep it in \W*\S+master\.key/);
    await first.printed(/each gateway that shares the store makes a user of its own.*the same for all/);
    const key = Deno.readTextFileSync(`${one.path}/data/master.key`);
    await using refused = new Program({ config: made, folder: other.path, args });
    assert.equal((await refused.status).code, 2, refused.output);
    assert.match(refused.output, /have another masterKey than this one/);
    const left = Array.from(Deno.readDirSync(`${other.path}/data`), ({ name }) => name);
    assert.deepEqual(left.filter((name) => name === "master.key"), []);
    await using checked = new Program({ config: made, folder: other.path, args: [...args, "--check"] });
    await checked.status;
    assert.match(checked.output, /warning: no internal\.users are configured: each gateway/);
    Deno.writeTextFileSync(`${other.path}/data/master.key`, key);
    await using second = await Program.start({ config: made, folder: other.path, args });
    assert.match(second.output, /using the one in \W*\S+master\.key/);
  },
});

Deno.test({
  name: "what Redis may lose by its settings is told, and what lies unused in the data folder",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start("--maxmemory-policy", "allkeys-lru");
    using folder = new TemporaryFolder();
    await using alone = await Program.start({ config: config(), folder: folder.path });
    await alone.stop();
    const args = ["--store", redis.url];
    await using checked = new Program({ config: config(), folder: folder.path, args: [...args, "--check"] });
    assert.equal((await checked.status).code, 0, checked.output);
    await using started = await Program.start({ config: config(), folder: folder.path, args });
    for (const { output } of [checked, started]) {
      assert.match(output, /throws away data when its memory is full \(maxmemory-policy \W*allkeys-lru\W*\)/);
      assert.match(output, /has no append-only file/);
      assert.match(output, /gateway\.db\W* is of a gateway that was alone.*migrate-store --to redis/);
    }
  },
});

Deno.test({
  name: "a user of Redis that lacks a right ends the start with 2",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start();
    const rights = ["~*", "+@read", "+@write", "+@connection", "+fcall", "+function|load"]; // without TIME
    await redis.ask("ACL", "SETUSER", "odin", "on", ">S3CRET", ...rights);
    using folder = new TemporaryFolder();
    const args = ["--store", redis.url.replace("redis://", "redis://odin:S3CRET@")];
    await using program = new Program({ config: config(), folder: folder.path, args });
    assert.equal((await program.status).code, 2, program.output);
    assert.match(
      program.output,
      /does not let its user do that; it needs all commands on the gateway's keys/,
    );
  },
});

Deno.test("a start while Redis is away ends with 75, so that it is tried again", async () => {
  using folder = new TemporaryFolder();
  const args = ["--store", `redis://127.0.0.1:${freePort()}`];
  await using program = new Program({ config: config(), folder: folder.path, args });
  assert.equal((await program.status).code, 75, program.output);
  assert.match(program.output, /error: the store: Redis at 127\.0\.0\.1:\d+ refuses connections/);
  const unit = Deno.readTextFileSync(
    new URL("../deploy/systemd/odin-gateway@.service", import.meta.url),
  );
  assert.match(unit, /^Restart=on-failure$/m);
  assert.match(unit, /^StartLimitIntervalSec=0$/m);
  const [, codes = ""] = /^RestartPreventExitStatus=(.*)$/m.exec(unit) ?? [];
  assert.equal(codes, "2");
});

Deno.test({
  name: "what is wrong with the configuration of Redis ends the start with 2, as every mistake does",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start("--requirepass", "S3CRET");
    using folder = new TemporaryFolder();
    const at = `127.0.0.1:${redis.port}`;
    for (
      const [url, message] of [
        [`redis://:wrong@${at}`, /refuses the user name or the password/],
        [`redis://:S3CRET@${at}/99`, /has no database of the number/],
      ] as const
    ) {
      await using program = new Program({ config: config(), folder: folder.path, args: ["--store", url] });
      assert.equal((await program.status).code, 2, program.output);
      assert.match(program.output, message);
    }
  },
});

/** What `--check` says, and ends with. */
async function check(args: readonly string[], source = config(), env: Record<string, string> = {}) {
  using folder = new TemporaryFolder();
  await using program = new Program({ config: source, folder: folder.path, args: [...args, "--check"], env });
  const { code } = await program.status;
  return { code, output: program.output };
}

Deno.test({
  name: "--check finds what gateways that run would refuse, and what Redis does, and writes nothing there",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start();
    const at = `127.0.0.1:${redis.port}`;
    const args = ["--store", `redis://${at}`];
    const docs = Deno.readTextFileSync(new URL("../docs/several-gateways.md", import.meta.url));
    const [, rights = ""] = /^ *ACL SETUSER odin on >\S+ (.*)$/m.exec(docs) ?? [];
    const users: [string, string[]][] = [
      ["enough", rights.split(" ")],
      ["no-functions", rights.split(" ").filter((right) => !/fcall|function/.test(right))],
      ["no-writes", rights.split(" ").filter((right) => right !== "+@write")],
      ["other-keys", rights.split(" ").map((right) => right.replace("{odin}", "{other}"))],
    ];
    for (const [name, its] of users) {
      await redis.ask("ACL", "SETUSER", name, "on", ">password", ...its);
      const { code, output } = await check(["--store", `redis://${name}:password@${at}`]);
      assert.equal(code, name === "enough" ? 0 : 2, `${name}: ${output}`);
      if (name !== "enough") assert.match(output, /error: the store: .*does not let its user do that/);
    }
    assert.equal(await redis.ask("DBSIZE"), 0);
    assert.match(await redis.ask<string>("INFO", "persistence"), /rdb_changes_since_last_save:0\b/);
    assert.deepEqual(await redis.ask("FUNCTION", "LIST"), []);

    using folder = new TemporaryFolder();
    await using running = await Program.start({ config: config(), folder: folder.path, args });
    assert.equal((await check(args)).code, 0);
    const other = "YW5vdGhlciBtYXN0ZXIga2V5IHRoYW4gdGhlIG90aGVycyc=";
    const differences: [string, object][] = [
      ["masterKey", { masterKey: other }],
      ["masterKey", { masterKey: undefined }],
      ["sfuPools", { sfuPools: { available: ["eu"], default: "eu" } }],
      ["sfuConfig.removeTimeout", { sfuConfig: { removeTimeout: 60 } }],
    ];
    for (const [member, more] of differences) {
      const { code, output } = await check(args, config(more));
      assert.equal(code, 2, output);
      assert.match(output, new RegExp(`error: the store: the gateways that share .* another ${member} than`));
    }
    // Beside itself it may be checked with what it is to be started with next.
    const next = config({ sfuConfig: { removeTimeout: 60 } });
    for (const [more, code] of [[[], 0], [["--take-over"], 2]] as const) {
      await using checked = new Program({
        config: next,
        folder: folder.path,
        args: [...args, ...more, "--check"],
      });
      assert.equal((await checked.status).code, code, checked.output);
      assert.match(checked.output, /another sfuConfig\.removeTimeout/);
    }
    await running.stop();
    assert.equal((await check(args, next)).code, 0);
  },
});

/** Passes connections on to a Redis, whose clock it makes another one. */
class OtherClock implements Disposable {
  /** By how many seconds it is ahead. */
  ahead = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();

  constructor(readonly redis: number) {
    void this.#accept();
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#listener.addr.port}`;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const redis = await Deno.connect({ hostname: "127.0.0.1", port: this.redis });
      for (const each of [client, redis]) this.#connections.add(each);
      void this.#pass(client, redis, (bytes) => bytes);
      void this.#pass(redis, client, (bytes) => this.#moved(bytes));
    }
  }

  /** With the time that Redis says, seconds before microseconds, as it says it: `TIME` and what beats answer. */
  #moved(bytes: Uint8Array): Uint8Array {
    const text = new TextDecoder("latin1").decode(bytes);
    const moved = text.replaceAll(
      /(\*2\r\n\$10\r\n)(\d{10})(\r\n\$\d\r\n\d+\r\n)/g,
      (_, start, seconds, rest) => `${start}${Number(seconds) + this.ahead}${rest}`,
    );
    return Uint8Array.from(moved, (character) => character.charCodeAt(0));
  }

  async #pass(from: Deno.Conn, to: Deno.Conn, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
    const writer = to.writable.getWriter();
    try {
      for await (const bytes of from.readable) await writer.write(change(bytes));
      await writer.close();
    } catch {
      // it was closed
    }
    for (const each of [from, to]) {
      this.#connections.delete(each);
      try {
        each.close();
      } catch {
        // the other direction was faster
      }
    }
  }
}

Deno.test({
  name: "a gateway whose clock differs from Redis's says so until it does not any more, and --check says so",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start("--appendonly", "yes");
    using clock = new OtherClock(redis.port);
    const args = ["--store", clock.url];
    const agrees = await check(args);
    assert.equal(agrees.code, 0, agrees.output);
    assert.doesNotMatch(agrees.output, /clock/);
    for (const [ahead, said] of [[60, "60 s behind"], [-3600, "3600 s ahead of"]] as const) {
      clock.ahead = ahead;
      const { code, output } = await check(args);
      assert.equal(code, 0, output);
      assert.match(output, new RegExp(`warning: the store: this machine's clock is ${said} that of Redis's`));
    }
    using folder = new TemporaryFolder();
    const operations = { port: freePort() };
    const source = config({ operations });
    await using gateway = await Program.start({ config: source, folder: folder.path, args });
    await gateway.printed(/this machine's clock is 3600 s ahead of that of Redis's: .* NTP/);
    const difference = async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${operations.port}/metrics`)).text();
      return Number(/^odin_gateway_store_clock_difference_seconds (\S+)$/m.exec(metrics)?.[1]);
    };
    assert.ok(Math.abs(await difference() - 3600) < 2, String(await difference()));
    clock.ahead = 0;
    await gateway.printed(/this machine's clock and that of Redis's agree again/);
    assert.ok(Math.abs(await difference()) < 2, String(await difference()));
    assert.equal(gateway.output.match(/this machine's clock is/g)?.length, 1, gateway.output);
  },
});

/** A new certificate and its key, and the files that have them. */
async function certificateIn(folder: string, name: string, validity = {}) {
  const { cert, key } = await newCertificate(validity);
  const [certFile, keyFile] = [`${folder}/${name}.pem`, `${folder}/${name}-key.pem`];
  Deno.writeTextFileSync(certFile, cert);
  Deno.writeTextFileSync(keyFile, key);
  return { certFile, keyFile };
}

/** A Redis that speaks TLS. @param clientsBy who signs the certificates that it asks clients for; if absent, it asks for none */
async function secured(
  { certFile, keyFile }: { certFile: string; keyFile: string },
  clientsBy?: string,
  port = freePort(),
) {
  const redis = await RedisServer.start(
    ...["--tls-port", String(port), "--tls-cert-file", certFile, "--tls-key-file", keyFile],
    ...["--tls-ca-cert-file", clientsBy ?? certFile],
    ...["--tls-auth-clients", clientsBy === undefined ? "no" : "yes"],
  );
  return { redis, port };
}

/** Starts a gateway that cannot, and looks at it by `--check`. @returns what both have said, which is the same */
async function refusedBoth(redis: object, what: string): Promise<string> {
  const source = config({ store: { redis } });
  const { code, output } = await check([], source);
  assert.equal(code, 2, `${what}: ${output}`);
  assert.doesNotMatch(output, /Uncaught|\n +at /);
  using folder = new TemporaryFolder();
  await using started = new Program({ config: source, folder: folder.path });
  assert.equal((await started.status).code, 2, `${what}: ${started.output}`);
  assert.doesNotMatch(started.output, /nobody waits for|Uncaught|\n +at /, what);
  const [, reason] = /^error: (?:the store: )?(.*)$/m.exec(output) ?? [];
  assert.ok(reason !== undefined && started.output.includes(reason), `${reason}\n${started.output}`);
  return reason;
}

Deno.test({
  name: "what is wrong with TLS to Redis is named by its member, by --check as by the start",
  ignore: NO_REDIS,
  async fn() {
    using folder = new TemporaryFolder();
    const { certFile, keyFile } = await certificateIn(folder.path, "redis");
    const foreign = await certificateIn(folder.path, "foreign");
    const { redis, port } = await secured({ certFile, keyFile }, certFile);
    await using _redis = redis;
    const caFile = certFile;
    const cases: [object, RegExp][] = [
      [{ tls: true }, /certificate that is not trusted; set `caFile` of `store\.redis\.tls`/],
      [{ tls: { caFile } }, /asks for a certificate; set `certFile` and `keyFile`/],
      [{ tls: { caFile: keyFile } }, /store\.redis\.tls\.caFile: .* has no certificate in PEM/],
      [{ tls: { caFile, certFile, keyFile: certFile } }, /tls\.keyFile: .* has no private key in PEM/],
      [
        { tls: { caFile, ...foreign } },
        /does not trust the gateway's certificate; look at `certFile` of `store\.redis\.tls`/,
      ],
      [
        { tls: { caFile, certFile, keyFile: foreign.keyFile } },
        /tls\.keyFile: .*foreign-key\.pem is not the key of the certificate in .*redis\.pem/,
      ],
    ];
    for (const [tls, message] of cases) {
      const said = await refusedBoth({ url: `redis://127.0.0.1:${port}`, ...tls }, String(message));
      assert.match(said, message);
    }
    // Whether it would speak TLS is only supposed.
    const { code, output } = await check(["--store", `redis://127.0.0.1:${port}`]);
    assert.equal(code, 75, output);
    assert.match(output, /expects TLS, say rediss:\/\//);
    const tls = { caFile, certFile, keyFile };
    const right = await check([], config({ store: { redis: { url: `rediss://127.0.0.1:${port}`, tls } } }));
    assert.equal(right.code, 0, right.output);
  },
});

Deno.test({
  name: "a certificate of Redis's that is out of time is told from one that is not trusted",
  ignore: NO_REDIS,
  async fn() {
    using folder = new TemporaryFolder();
    const day = (days: number) => new Date(Date.now() + days * 86_400_000);
    const cases: [string, object, RegExp][] = [
      ["ended", { notBeforeDate: day(-9), notAfterDate: day(-2) }, /that has ended on 20[^ ]*; renew it$/],
      ["coming", { notBeforeDate: day(2), notAfterDate: day(9) }, /begins on 20[^ ]*; look at the clocks$/],
    ];
    for (const [name, validity, message] of cases) {
      const its = await certificateIn(folder.path, name, validity);
      const { redis, port } = await secured(its);
      await using _redis = redis;
      const tls = { caFile: its.certFile };
      assert.match(await refusedBoth({ url: `rediss://127.0.0.1:${port}`, tls }, name), message);
    }
  },
});

Deno.test({
  name:
    "a gateway that runs names its certificate where Redis does not take it any more, and fails nowhere else",
  ignore: NO_REDIS,
  async fn() {
    using folder = new TemporaryFolder();
    const its = await certificateIn(folder.path, "redis");
    const foreign = await certificateIn(folder.path, "foreign");
    const { redis, port } = await secured(its, its.certFile);
    await using _redis = redis;
    const store = {
      redis: { url: `rediss://127.0.0.1:${port}`, tls: { caFile: its.certFile, ...its } },
    };
    await using running = await Program.start({ config: config({ store }), folder: folder.path });
    await redis.kill();
    const { redis: changed } = await secured(its, foreign.certFile, port);
    await using _changed = changed;
    await running.printed(
      /does not trust the gateway's certificate; look at `certFile` of `store\.redis\.tls`/,
    );
    await new Promise((resolve) => setTimeout(resolve, 2000)); // some attempts more
    assert.doesNotMatch(running.output, /nobody waits for/);
  },
});

Deno.test({
  name: "a password that is missing or wrong ends the start as --check says",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start("--requirepass", "S3CRET");
    for (const password of [undefined, "another"]) {
      const said = await refusedBoth(
        { url: redis.url, ...(password === undefined ? {} : { password }) },
        `${password}`,
      );
      assert.match(said, /refuses the user name or the password; set `username` and `password`/);
    }
  },
});
