import assert from "node:assert/strict";
import { join } from "node:path";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { call, CallError } from "../sim/rpc_client.ts";
import { signerOf } from "../sim/access_key.ts";

/** A gateway whose operator's own code keeps the event loop busy: for as many milliseconds each time as a file says. */
class BusyGateway implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly #customer = newCustomer("acme");
  program: (Program & { readonly url: string }) | undefined;

  async start(): Promise<this> {
    const file = join(this.folder.path, "busy");
    const config = configSource({
      customers: [this.#customer.entry],
      startup: { waitForReports: false },
      sfuConfig: { disableTimeout: 3600, removeTimeout: 3600 },
      shedding: { delay: 0.5 },
    });
    const busy = `setInterval(() => {
      let wait = 0;
      try { wait = Number(Deno.readTextFileSync(${JSON.stringify(file)})); } catch { return; }
      for (const end = performance.now() + wait; performance.now() < end;);
    }, 5);\n`;
    this.program = await Program.start({ config: busy + config, folder: this.folder.path });
    return this;
  }

  busy(milliseconds: number): void {
    const file = join(this.folder.path, "busy");
    if (milliseconds === 0) return Deno.removeSync(file);
    Deno.writeTextFileSync(`${file}.new`, String(milliseconds));
    Deno.renameSync(`${file}.new`, file);
  }

  /** The code that a call is refused with; nothing where it is not. */
  async outcome(
    method: string,
    params: object,
    sub: string | string[] = method,
  ): Promise<number | undefined> {
    const token = signerOf(this.#customer.accessKey)({ rid: "room", uid: "user", sub });
    try {
      await call(this.program!.url, method, params, { token });
      return undefined;
    } catch (error) {
      if (error instanceof CallError) return error.code;
      throw error;
    }
  }

  connect(sub?: string | string[]): Promise<number | undefined> {
    return this.outcome("Connect", {}, sub);
  }

  manage(): Promise<number | undefined> {
    return this.outcome("RoomUpdate", { room_id: "room", user_data: [] });
  }

  async report(): Promise<void> {
    const params = { public_endpoint: "sfu:4433", version: "1", load: 0, clients: 0, rooms: [] };
    await call(`${this.program!.url}/internal`, "sfu.Report", params);
    await call(`${this.program!.url}/internal`, "Info", {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program?.[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

const UNAVAILABLE = -32009;

async function until(holds: () => Promise<boolean>, tries = 30): Promise<boolean> {
  for (let i = 0; i < tries; i++) if (await holds()) return true;
  return false;
}

Deno.test("while the event loop is late Connects are put off first, then management, and never reports and operators", async () => {
  await using gateway = await new BusyGateway().start();
  await gateway.report();
  assert.deepEqual([await gateway.connect(), await gateway.manage()], [undefined, undefined]);

  // How often the runtime lets the busy code run between two looks at the clock is its own affair.
  const connectsAlone = async () =>
    await gateway.connect() === UNAVAILABLE && await gateway.manage() === undefined;
  let found = false;
  for (let wait = 400; !found && wait <= 1200; wait += 200) {
    gateway.busy(wait);
    found = await until(connectsAlone, 6);
  }
  assert.ok(found, gateway.program!.output);
  assert.ok(await until(async () => await gateway.connect(["Connect", "RoomUpdate"]) === UNAVAILABLE));
  await gateway.report();

  gateway.busy(1500);
  assert.ok(await until(async () => await gateway.manage() === UNAVAILABLE));
  assert.equal(await gateway.connect(), UNAVAILABLE);
  await gateway.report();
  const { url } = gateway.program!;
  const health = await fetch(`${url}/healthz`);
  await health.body?.cancel();
  assert.equal(health.status, 200);
  const refused = await fetch(url, { method: "POST", body: "{}" });
  await refused.body?.cancel();
  assert.deepEqual([refused.status, Number(refused.headers.get("Retry-After")) > 0], [503, true]);

  gateway.busy(0);
  const [, operations] = /operations: .*?(http:\/\/[\w.:]+)/.exec(gateway.program!.output) ?? [];
  const metrics = await (await fetch(`${operations}/metrics`)).text();
  for (const method of ["(none)", "Connect"]) {
    assert.ok(metrics.includes(`refusals_total{method="${method}",cause="overloaded"}`), metrics);
  }
  assert.ok(metrics.includes('customer_refusals_total{customer="acme",cause="overloaded"}'));
  assert.ok(
    await until(async () => await gateway.connect() === undefined && await gateway.manage() === undefined),
  );
  const { output } = gateway.program!;
  assert.match(output, /the event loop is \d+\.\d s late: Connects get 503/);
  assert.match(output, /the event loop is \d+\.\d s late: Connects and management get 503/);
  assert.match(output, /a request from 127\.0\.0\.1 is refused: the gateway is overloaded/);
});
