import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { TokenGenerator } from "@4players/odin-tokens";
import { z } from "zod";
import { Cluster } from "../sim/cluster.ts";
import { configSource, newCustomer, TemporaryFolder } from "../sim/program.ts";
import { RedisProcess } from "../sim/redis_process.ts";
import { call, CallError } from "../sim/rpc_client.ts";
import { SimulatedServer } from "../sim/server.ts";
import type { Address } from "../src/fleet/mod.ts";
import { NO_REDIS, RedisServer, until } from "../src/store/redis/testing.ts";
import { deriveServerKey } from "../src/tokens/mod.ts";
import { sleep } from "./gateway.ts";
import { parse } from "./packages/yaml.ts";
import { WebhookReceiver } from "./webhook_receiver.ts";
import { answers, freePort, GoneMachine, isInstalled, nginx, nginxHasStream, Running } from "./programs.ts";

const MASTER_KEY = "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==";
const DOCS = Deno.readTextFileSync(new URL("../docs/several-gateways.md", import.meta.url));

/**
 * Gateways on this Redis, which place rooms before all servers have reported.
 *
 * @param members what their configuration has besides
 * @param source the text of a further member, where that is no JSON
 */
function startCluster(
  { path }: TemporaryFolder,
  redis: { readonly url: string } | undefined,
  gateways: number,
  members: object,
  source?: string,
): Promise<Cluster> {
  assert.ok(redis !== undefined);
  const config = configSource({
    ...members,
    masterKey: MASTER_KEY,
    internal: { withoutUsers: "loopback" },
    operations: { enabled: false },
    startup: { waitForReports: false },
  });
  return Cluster.start({
    gateways,
    config: source === undefined
      ? config
      : config.replace("export default {", `export default {\n  ${source},`),
    folder: path,
    redis: () => redis.url,
  });
}

/** The configurations that the documentation shows in this language, on these ports and without TLS. */
function documented(
  language: string,
  ports: { clients: number; servers: number },
  gateways: readonly string[],
): string[] {
  const texts = Array.from(
    DOCS.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g")),
    ([, text]) => text!,
  );
  assert.ok(texts.length > 0);
  return texts.map((text) =>
    text.replaceAll(/10\.0\.0\.1([123]):7000/g, (_, number) => gateways[number - 1]!)
      .replace("10.0.0.1:7100", `127.0.0.1:${ports.servers}`)
      .replace(/bind :443 ssl .*/, `bind 127.0.0.1:${ports.clients}`)
      .replace(/listen 443 ssl;/, `listen 127.0.0.1:${ports.clients};`)
      .replaceAll(/ *(http2 on|ssl_certificate).*\n/g, "")
  );
}

const proxies: [string, (folder: string, texts: readonly string[]) => string, string[], string[]][] = [
  ["nginx", (folder, [http = "", stream]) => nginx(folder, http, stream), ["-p", ".", "-c"], ["-t"]],
  ["haproxy", (_folder, [text = ""]) => text, ["-db", "-f"], ["-c"]],
];

/** What a client may wait at most where a gateway's machine is gone: one attempt to connect, and the answer. */
const AT_MOST = 3000;

for (const [name, configuration, args, check] of proxies) {
  Deno.test({
    name:
      `${name}, as documented, finds a gateway that lives, while one is killed and the machine of another is gone`,
    ignore: NO_REDIS || !(name === "nginx" ? nginxHasStream() : isInstalled(name)),
    async fn() {
      using folder = new TemporaryFolder();
      await using redis = await RedisProcess.start(folder.path);
      const { accessKey, entry } = newCustomer("acme");
      await using cluster = await startCluster(folder, redis, 2, { customers: [entry] });
      const ports = { clients: freePort(), servers: freePort() };
      using gone = await GoneMachine.start();
      const gateways = [...cluster.ports.map((port) => `127.0.0.1:${port}`), gone.address];
      const file = `${folder.path}/${name}.conf`;
      Deno.writeTextFileSync(file, configuration(folder.path, documented(name, ports, gateways)));
      const { code, stdout, stderr } = await new Deno.Command(name, { args: [...check, ...args, file] })
        .output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.equal(code, 0, said);
      assert.doesNotMatch(said, /warn/i);
      await using _proxy = new Running(new Deno.Command(name, { args: [...args, file], stderr: "null" }));
      const url = `http://127.0.0.1:${ports.clients}`;
      await answers(url);
      const way = `http://127.0.0.1:${ports.servers}`;
      /** All these calls at once, each by a connection of its own; what came of each, and the longest that one took. */
      const calls = async (url: string, times: number) => {
        const began = performance.now();
        const outcomes = await Promise.all(Array.from({ length: times }, async () => {
          using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
          const signal = AbortSignal.timeout(20_000);
          try {
            const response = await fetch(`${url}/healthz`, { client, signal });
            await response.body?.cancel();
            return response.status;
          } catch {
            return undefined;
          }
        }));
        return { outcomes, took: performance.now() - began };
      };
      for (const  of of[url, way]) {
        // One that HAProxy takes for down meanwhile breaks off what is being connected to it.
        await until(async () => {
          const { outcomes, took } = await calls(of, 6);
          assert.ok(took < AT_MOST, `it took ${took} ms by ${of}`);
          return outcomes.every((status) => status === 200);
        });
      }
      const server = await SimulatedServer.start({ gateway: `${way}/internal`, address: "s1.example:4433" });
      for (const gateway of cluster.ports) {
        const knows = () => call<{ servers: unknown[] }>(`http://127.0.0.1:${gateway}/internal`, "Info", {});
        await until(async () => (await knows()).servers.length === 1); // one has heard it, the other follows
      }
      const tokens = new TokenGenerator(accessKey);
      const connect = async (room: string) => {
        const answer = await call<{ address: string }>(url, "Connect", {}, {
          token: tokens.createToken(room, "u"),
        });
        assert.equal(answer.address, server.address);
      };
      await sleep(200); // until all gateways know of the server
      for (let i = 0; i < 10; i++) await connect(`before-${i}`);
      await cluster.kill(0);
      await sleep(50);
      for (let i = 0; i < 10; i++) await connect(`after-${i}`);
      await server.stop();
      if (name === "haproxy") { // which looks after the gateways itself
        await cluster.start(0);
        await until(async () => (await calls(url, 4)).outcomes.every((status) => status === 200));
        const paused = cluster.at(1)!;
        paused.kill("SIGSTOP");
        try {
          for (const took of (await Promise.all([calls(url, 6), calls(way, 6)])).map(({ took }) => took)) {
            assert.ok(took < 2 * AT_MOST, `calls to a gateway that stands still took ${took} ms`);
          }
          assert.deepEqual((await calls(url, 4)).outcomes, [200, 200, 200, 200]);
        } finally {
          paused.kill("SIGCONT"); // or it would not end either
        }
      }
      for (const path of ["/internal", "/eu/internal"]) {
        const response = await fetch(url + path, { method: "POST", body: "{}" });
        await response.body?.cancel();
        assert.equal(response.status, 404, path);
      }
    },
  });
}

Deno.test({
  name: "room.Explain answers the same on every gateway, also when the one that placed the room is dead",
  ignore: NO_REDIS,
  async fn() {
    using folder = new TemporaryFolder();
    await using redis = await RedisProcess.start(folder.path);
    const { accessKey, entry } = newCustomer("acme");
    await using cluster = await startCluster(folder, redis, 2, { customers: [entry] });
    const [one, other] = cluster.ports.map((port) => `http://127.0.0.1:${port}`);
    const server = await SimulatedServer.start({ gateway: `${one}/internal`, address: "s1.example:4433" });
    const token = new TokenGenerator(accessKey).createToken("lobby", "u");
    await call(one!, "Connect", {}, { token });
    const explain = async (gateway: string) => {
      const { explanation } = await call<{ explanation: { at: string; server: string; by: string } }>(
        `${gateway}/internal`,
        "room.Explain",
        { room_id: ["acme", "lobby"] },
      );
      const { at, ...why } = explanation;
      return { at: Date.parse(at), why };
    };
    const { at, why } = await explain(one!);
    assert.equal(why.server, server.address);
    for (const dies of [true, false]) {
      const its = await explain(other!);
      assert.deepEqual(its.why, why);
      assert.ok(Math.abs(its.at - at) < 50, "each shows the moment by its own clock");
      if (dies) await cluster.kill(0);
    }
    await server.stop();
  },
});

Deno.test({
  name:
    "what a server signs with its own key is accepted by a gateway that has only heard of it from another one",
  ignore: NO_REDIS,
  async fn() {
    using folder = new TemporaryFolder();
    await using redis = await RedisProcess.start(folder.path);
    const { entry } = newCustomer("acme");
    await using cluster = await startCluster(folder, redis, 2, { customers: [entry] });
    const [one, other] = cluster.ports.map((port) => `http://127.0.0.1:${port}`);
    const address = "s1.example:4433" as Address;
    const token = deriveServerKey(Buffer.from(MASTER_KEY, "base64"), address).sign({
      ...{ rid: "lobby", uid: "u", cid: "acme", nsp: "acme" },
    });
    const connect = (gateway: string) => call<{ address: string }>(gateway, "Connect", {}, { token });
    await assert.rejects(connect(other!), /kid/);
    const server = await SimulatedServer.start({ gateway: `${one}/internal`, address });
    await until(() => connect(other!).then((answer) => answer.address === address, () => false));
    await server.stop();
  },
});

Deno.test({
  name: "that a licence is used up is told once, though every gateway notices it",
  ignore: NO_REDIS,
  async fn() {
    using folder = new TemporaryFolder();
    await using redis = await RedisProcess.start(folder.path);
    await using receiver = new WebhookReceiver();
    const { accessKey, entry } = newCustomer("acme", { maxPeers: 1 });
    const { url, secret } = receiver;
    await using cluster = await startCluster(folder, redis, 2, {
      customers: [entry],
      webhooks: [{ url, secret, events: ["licence.near", "licence.reached"] }],
    });
    const [one, other] = cluster.ports.map((port) => `http://127.0.0.1:${port}`);
    const server = await SimulatedServer.start({ gateway: `${one}/internal`, address: "s1.example:4433" });
    const token = new TokenGenerator(accessKey).createToken("lobby", "u");
    await call(one!, "Connect", {}, { token });
    await until(() => call(other!, "Connect", {}, { token }).then(() => true, () => false)); // both know the licence
    await receiver.until(({ events }) => events.length >= 2);
    await sleep(11_000); // both have looked
    assert.deepEqual(receiver.events, ["licence.near acme", "licence.reached acme"]);
    await server.stop();
  },
});

/** A customer API that counts who asks it. */
class CustomerApi implements AsyncDisposable {
  list: readonly unknown[] = [];
  isDown = false;
  /** Process ids of the gateways that asked, in order. */
  readonly asked: string[] = [];
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    this.asked.push(new URL(request.url).search);
    return this.isDown ? new Response("no", { status: 503 }) : Response.json(this.list);
  });

  /** The source of the configuration's member. */
  get source(): string {
    const url = `http://127.0.0.1:${this.#server.addr.port}/?`;
    return `{ updateFunction: async () => await (await fetch("${url}" + Deno.pid)).json(), updateInterval: 0.3 }`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test({
  name:
    "one gateway asks the customer API for all of them, whichever of them die, and a removed key holds on all",
  ignore: NO_REDIS,
  async fn() {
    using folder = new TemporaryFolder();
    await using redis = await RedisProcess.start(folder.path);
    await using api = new CustomerApi();
    const customers = ["acme", "umbrella", "initech"].map((id) => newCustomer(id));
    const listed = (...numbers: readonly number[]) => numbers.map((number) => customers[number]!.entry);
    api.list = listed(0, 1);
    await using cluster = await startCluster(folder, redis, 3, {}, `customerApi: ${api.source}`);
    const [one] = cluster.ports.map((port) => `http://127.0.0.1:${port}`);
    const server = await SimulatedServer.start({ gateway: `${one}/internal`, address: "s1.example:4433" });
    const admits = async (port: number, customer: number) => {
      const token = new TokenGenerator(customers[customer]!.accessKey).createToken("lobby", "u");
      const answer = await call<{ address?: string }>(`http://127.0.0.1:${port}`, "Connect", {}, { token })
        .catch(() => undefined);
      return answer !== undefined;
    };
    /** Which of the customers each gateway that runs lets in. */
    const admitted = () =>
      Promise.all(cluster.ports.map(async (port) => {
        const each = await Promise.all(customers.map((_, customer) => admits(port, customer)));
        return each.flatMap((is, customer) => is ? [customer] : []);
      }));
    const become = (...expected: readonly number[]) =>
      until(async () => (await admitted()).every((its) => its.join() === expected.join()));
    await become(0, 1);

    api.asked.length = 0;
    await sleep(1500);
    assert.equal(new Set(api.asked).size, 1, `asked by ${new Set(api.asked).size}`);
    assert.ok(api.asked.length <= 6, `asked ${api.asked.length} times`);
    api.list = listed(1);
    await become(1);

    const lead = [0, 1, 2].find((gateway) => `?${cluster.at(gateway)?.pid}` === api.asked.at(-1));
    assert.ok(lead !== undefined);
    await cluster.kill(lead);
    api.list = listed(0, 2);
    await become(0, 2);

    api.isDown = true;
    await cluster.start(lead);
    await become(0, 2);

    const other = cluster.at(lead)!;
    api.isDown = false;
    api.list = listed(2);
    const { keys } = await call<{ keys: number }>(`${other.url}/internal`, "customers.Reload", {});
    assert.equal(keys, 1);
    await become(2);
    await server.stop();
  },
});

Deno.test({
  name:
    "a gateway that stood still lets in nobody who was banned or removed meanwhile, even if Redis has closed its connections",
  ignore: NO_REDIS,
  async fn() {
    using folder = new TemporaryFolder();
    await using redis = await RedisServer.start();
    await using api = new CustomerApi();
    const [acme, former] = [newCustomer("acme"), newCustomer("former")];
    api.list = [acme.entry, former.entry];
    const members = { sfuConfig: { updateInterval: 1, disableTimeout: 30 } };
    const source = `customerApi: ${api.source}`;
    await using cluster = await startCluster(folder, redis, 2, members, source);
    const [one, other] = cluster.ports.map((port) => `http://127.0.0.1:${port}`);
    const server = await SimulatedServer.start({ gateway: `${one}/internal`, address: "s1.example:4433" });
    /** How the gateway answers this user of the customer. */
    const answer = async (gateway: string, { accessKey }: typeof acme, user: string) => {
      const token = new TokenGenerator(accessKey).createToken("lobby", user);
      try {
        await call(gateway, "Connect", {}, { token });
        return "let in";
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        return error.message;
      }
    };
    const everybody = () => Promise.all([answer(other!, acme, "eve"), answer(other!, former, "u")]);
    await until(async () => (await everybody()).join() === "let in,let in");

    const stopped = cluster.at(1)!;
    stopped.kill("SIGSTOP");
    let waiting: Promise<unknown[]>[] = [];
    try {
      const token = new TokenGenerator(acme.accessKey).createToken("lobby", "backend", {
        subject: "RoomBanClient",
      });
      await call(one!, "RoomBanClient", { room_id: "lobby", user_id: "eve", ban_time: 600 }, { token });
      api.list = [acme.entry];
      await call(`${one}/internal`, "customers.Reload", {});
      await redis.ask("CLIENT", "KILL", "TYPE", "normal");
      await sleep(2500); // it counts as dead by now
      waiting = Array.from({ length: 10 }, everybody);
      await sleep(200);
    } finally {
      stopped.kill("SIGCONT"); // or it would not end either
    }
    const outcomes = (await Promise.all(waiting)).map((each) => each.join());
    assert.match([...new Set(outcomes)].join(" and "), /^[^,]*banned[^,]*,[^,]*kid[^,]*$/);
    assert.equal(await answer(other!, acme, "adam"), "let in");
    await server.stop();
  },
});

const LABELS = { app: "odin-gateway" };

const DEPLOYMENT = z.object({
  kind: z.literal("Deployment"),
  spec: z.object({
    replicas: z.literal(3),
    selector: z.object({ matchLabels: z.unknown() }),
    template: z.object({
      metadata: z.object({ labels: z.unknown() }),
      spec: z.object({ containers: z.tuple([z.object({ ports: z.unknown() })]) }),
    }),
  }),
});

const SERVICE = z.object({
  kind: z.literal("Service"),
  spec: z.object({ selector: z.unknown(), ports: z.tuple([z.object({ targetPort: z.string() })]) }),
});

Deno.test("the Kubernetes objects that are documented are a Deployment of three and its Service", () => {
  const [, text = ""] = /```yaml\n([^]*?)```/.exec(DOCS) ?? [];
  const [first = "", second = ""] = text.split("---\n");
  const { spec: { selector, template } } = DEPLOYMENT.parse(parse(first));
  const { spec: service } = SERVICE.parse(parse(second));
  assert.deepEqual([selector.matchLabels, template.metadata.labels, service.selector], [
    LABELS,
    LABELS,
    LABELS,
  ]);
  const port = { name: service.ports[0].targetPort, containerPort: 7000 };
  assert.deepEqual(template.spec.containers[0].ports, [port]);
});

Deno.test("docs/several-gateways.md names metrics and alerts that there are", () => {
  const metrics = Deno.readTextFileSync(new URL("../docs/metrics.md", import.meta.url));
  const alerts = Deno.readTextFileSync(new URL("../deploy/prometheus/alerts.yml", import.meta.url));
  for (const [name] of DOCS.matchAll(/odin_gateway_\w+/g)) assert.ok(metrics.includes(`\`${name}\``), name);
  for (const [name] of DOCS.matchAll(/OdinGateway\w+/g)) assert.ok(alerts.includes(`alert: ${name}`), name);
});
