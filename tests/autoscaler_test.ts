import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Program } from "../sim/program.ts";
import { TestGateway } from "./gateway.ts";
import { isInstalled } from "./programs.ts";

const PAGE = Deno.readTextFileSync(new URL("../docs/placement.md", import.meta.url));
const [, SCRIPT] = /once a minute[^`]*```sh\n([^]*?)```/.exec(PAGE)!;

/** In place of the cloud's command: keeps its orders, and answers what the files `desired` and `instance` hold. */
const AWS = `#!/usr/bin/env bash
cd "$(dirname "$0")"
[ ! -e broken ] || exit 255
case $2 in
describe-auto-scaling-groups) cat desired ;;
describe-instances) cat instance; echo "$*" >>asked ;;
*) echo "$*" >>orders ;;
esac
`;

/** Runs the script once: whether it succeeds, and what it orders of the cloud and asks for. */
type Drive = (cloud: { desired: string; instance?: string; pool?: string; broken?: boolean }) => Promise<
  { readonly success: boolean; readonly orders: string; readonly asked: string; readonly errors: string }
>;

function driver(gateway: TestGateway): Drive {
  const folder = `${gateway.folder.path}/bin`;
  Deno.mkdirSync(folder);
  Deno.writeTextFileSync(`${folder}/aws`, AWS, { mode: 0o755 });
  const file = (name: string, text: string) => Deno.writeTextFileSync(`${folder}/${name}`, text);
  const text = (name: string) => Deno.readTextFileSync(`${folder}/${name}`).trim();
  return async ({ desired, instance = "i-1", pool = "eu", broken = false }) => {
    file("desired", `${desired}\n`);
    file("instance", instance);
    file("orders", "");
    file("asked", "");
    if (broken) file("broken", "");
    const { success, stderr } = await new Deno.Command("bash", {
      args: ["-c", SCRIPT!.replaceAll('"pool":"eu"', `"pool":"${pool}"`)],
      env: {
        GATEWAY: gateway.url,
        ODIN_GATEWAY_USER: "scaler:a password",
        PATH: `${folder}:/usr/local/bin:/usr/bin:/bin`,
      },
      clearEnv: true,
    }).output();
    if (broken) Deno.removeSync(`${folder}/broken`);
    const errors = new TextDecoder().decode(stderr);
    return { success, orders: text("orders"), asked: text("asked"), errors };
  };
}

const ignore = !isInstalled("jq", "--version") || !isInstalled("bash", "--version");

/** Servers that stay alive for the whole test, in the pool `eu`. */
const CONFIG = {
  sfuPools: { available: ["eu"], default: "eu" },
  sfuConfig: { updateInterval: 1, disableTimeout: 60 },
};

/** A report of a server that can take a thousand clients, all of which are in one room. */
const report = (gateway: TestGateway, server: string, peers: number) =>
  gateway.report(
    server,
    peers > 0 ? [{ name: `on ${server}`, peers }] : [],
    { load: peers / 1000, path: "/eu/internal" },
  );

const drainingServers = async (gateway: TestGateway): Promise<string[]> => {
  const { servers } = await gateway.internal<{ servers: { address: string }[] }>("server.List", {
    state: "draining",
  });
  return servers.map(({ address }) => address);
};

const desired = (number: number) =>
  `autoscaling set-desired-capacity --auto-scaling-group-name odin-eu --desired-capacity ${number}`;

Deno.test({
  name: "the autoscaler of docs/placement.md starts what is missing, and what drains comes back first",
  ignore,
  async fn() {
    await using gateway = await TestGateway.start(CONFIG);
    const drive = driver(gateway);
    const orders = async (now: number) => {
      const { success, orders, errors } = await drive({ desired: `${now}` });
      assert.ok(success, errors);
      return orders;
    };
    assert.equal(await orders(0), desired(1), "without a server one is started");
    assert.equal(await orders(1), "", "and no further one while it comes");
    for (const server of ["a:1", "b:1"]) await report(gateway, server, 1200);
    assert.equal(await orders(2), desired(4));
    assert.equal(await orders(5), "", "the group is not told to become smaller");

    for (const server of ["a:1", "b:1"]) await gateway.internal("server.Drain", { address: server });
    await report(gateway, "a:1", 700);
    assert.equal(await orders(2), desired(3), "for 1900 clients both come back, and one is started");
    assert.deepEqual(await drainingServers(gateway), []);

    await report(gateway, "a:1", 10);
    await report(gateway, "b:1", 20);
    for (const server of ["a:1", "b:1"]) await gateway.internal("server.Drain", { address: server });
    assert.equal(await orders(2), "");
    assert.deepEqual(await drainingServers(gateway), ["a:1"], "the one with the most clients comes back");

    await gateway.internal("server.SetWeight", { address: "a:1", weight: 0 });
    await gateway.internal("server.SetWeight", { address: "b:1", weight: 0 });
    assert.equal(await orders(2), desired(3), "what an operator keeps for himself is in the group, too");
    assert.deepEqual(await drainingServers(gateway), ["a:1"], "and stays as it is");
  },
});

Deno.test({
  name: "the autoscaler of docs/placement.md stops what is empty, one that drains after another",
  ignore,
  async fn() {
    await using gateway = await TestGateway.start(CONFIG);
    await gateway.program.stop();
    {
      using store = new DatabaseSync(`${gateway.folder.path}/data/gateway.db`);
      const counts = Array.from({ length: 60 }, () => ({ clients: 100, growth: 0 }));
      const text = JSON.stringify({ at: Date.now(), pools: { eu: counts } });
      store.prepare("INSERT OR REPLACE INTO value VALUES ('demand', ?)").run(text);
    }
    const config = Deno.readTextFileSync(`${gateway.folder.path}/config.ts`);
    gateway.program = await Program.start({ config, folder: gateway.folder.path });
    const drive = driver(gateway);
    await report(gateway, "a:1", 100);
    for (const server of ["b:1", "c:1"]) await report(gateway, server, 0);
    const first = await drive({ desired: "3" });
    assert.deepEqual([first.success, first.orders], [true, ""], first.errors);
    const [one] = await drainingServers(gateway);
    assert.notEqual(one, "a:1");
    await report(gateway, one!, 0);
    const second = await drive({ desired: "3" });
    assert.equal(
      second.orders,
      "autoscaling terminate-instance-in-auto-scaling-group --instance-id i-1 --should-decrement-desired-capacity",
      second.errors,
    );
    assert.match(second.asked, new RegExp(`Name=ip-address,Values=${one!.replace(":1", "")} `));
    const both = await drainingServers(gateway);
    assert.deepEqual(both.toSorted(), ["b:1", "c:1"]);
    for (const server of both) await report(gateway, server, 0);
    const third = await drive({ desired: "2", instance: "" });
    assert.deepEqual(
      [third.success, third.orders],
      [true, ""],
      "what shuts down already is not stopped again",
    );
    const fourth = await drive({ desired: "2", broken: true });
    assert.equal(fourth.success, false);
    assert.deepEqual(await drainingServers(gateway), both, "and the last one stays");
  },
});

Deno.test({
  name: "the autoscaler of docs/placement.md fails where anything fails",
  ignore,
  async fn() {
    await using gateway = await TestGateway.start(CONFIG);
    const drive = driver(gateway);
    const fails = async (what: string, ...[cloud]: Parameters<Drive>) => {
      const { success, orders } = await drive(cloud);
      assert.deepEqual({ success, orders }, { success: false, orders: "" }, what);
    };
    await fails("a pool that there is not", { desired: "0", pool: "none" });
    await fails("a group that there is not", { desired: "None" });
    await fails("the cloud's command", { desired: "0", broken: true });
    await gateway.program.stop();
    await fails("no gateway", { desired: "0" });
  },
});
