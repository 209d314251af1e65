import assert from "node:assert/strict";
import { TokenGenerator } from "@4players/odin-tokens";
import { Cluster } from "../sim/cluster.ts";
import { configSource, newCustomer, TemporaryFolder } from "../sim/program.ts";
import { RedisProcess } from "../sim/redis_process.ts";
import { call, CallError } from "../sim/rpc_client.ts";
import { SimulatedServer } from "../sim/server.ts";
import { NO_REDIS, until } from "../src/store/redis/testing.ts";

const acme = newCustomer("acme");
const former = newCustomer("former");

/** A customer API whose answer a test changes; nothing where it is down. */
class CustomerApi implements AsyncDisposable {
  list: readonly unknown[] | undefined = [acme.entry, former.entry];
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    if (this.list === undefined) return new Response("down", { status: 503 });
    return new Response(JSON.stringify(this.list, (_, value) => value === Infinity ? "Infinity" : value));
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test({
  name: "a key that was removed stays removed, and the list is there, whatever becomes of the data of Redis",
  ignore: NO_REDIS,
  async fn() {
    using folder = new TemporaryFolder();
    const data = `${folder.path}/redis`;
    Deno.mkdirSync(data);
    const redis = await RedisProcess.start(data);
    assert.ok(redis !== undefined);
    await using _redis = redis;
    await using api = new CustomerApi();
    const config = configSource({
      masterKey: "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==",
      internal: { withoutUsers: "loopback" },
      operations: { enabled: false },
      startup: { waitForReports: false },
    }).replace(
      "export default {",
      `export default {
        customerApi: {
          updateFunction: async () => await (await fetch("${api.url}")).json(),
          updateInterval: 2,
        },`,
    );
    await using cluster = await Cluster.start({
      gateways: 2,
      config,
      folder: folder.path,
      redis: () => redis.url,
    });
    const internal = `${cluster.at(0)!.url}/internal`;
    await using stack = new AsyncDisposableStack();
    const server = await SimulatedServer.start({ gateway: internal, address: "s1.example:4433" });
    stack.defer(() => server.stop());
    /** How each gateway answers a client of the customer. */
    const answers = (customer: typeof acme) =>
      Promise.all([0, 1].map(async (gateway) => {
        const token = new TokenGenerator(customer.accessKey).createToken("lobby", "u");
        try {
          await call(cluster.at(gateway)!.url, "Connect", {}, { token });
          return "let in";
        } catch (error) {
          if (!(error instanceof CallError)) throw error;
          return error.status;
        }
      }));
    const all = async (customer: typeof acme, answer: unknown) => {
      const is = await answers(customer);
      return is.every((each) => each === answer);
    };
    await until(() => all(former, "let in"));
    const kept = async () => Number((await redis.ask("STRLEN {odin}:value:customers")).slice(1));
    const length = await kept();
    await new Promise((resolve) => setTimeout(resolve, 1100)); // the file is written each second
    const copy = `${folder.path}/copy`;
    await new Deno.Command("cp", { args: ["-r", data, copy] }).output();

    api.list = [acme.entry];
    await until(() => all(former, 401));
    await redis.kill();
    Deno.removeSync(data, { recursive: true });
    Deno.renameSync(copy, data);
    await redis.start();
    await until(() => all(acme, "let in"));
    for (let i = 0; i < 10; i++) {
      assert.deepEqual(await answers(former), [401, 401], `${i}`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    assert.ok(await kept() < length, "the older list has given way");
    await cluster.at(0)!.printed(/the store has lost data, all or the latest of it/);

    api.list = undefined;
    await redis.ask("FLUSHALL");
    await until(async () =>
      await redis.ask("EXISTS {odin}:value:customers {odin}:value:master-key") === ":2"
    );
    await cluster.kill(1);
    await cluster.start(1);
    assert.deepEqual(await answers(former), [401, 401]);
    assert.deepEqual(await answers(acme), ["let in", "let in"]);
  },
});
