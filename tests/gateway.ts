import assert from "node:assert/strict";
import { TokenGenerator } from "@4players/odin-tokens";
import type { Task } from "../src/fleet/mod.ts";
import { call, CallError } from "../sim/rpc_client.ts";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";

/** What a room token says. */
export interface RoomClaims {
  readonly [claim: string]: unknown;
}

/** Users of the operations listener: one who may only look, and one who may do everything. */
export const USERS = [
  { name: "viewer", password: "a password of some length" },
  { name: "boss", password: "a password of another length", role: "admin" },
];

/** A gateway under test, with one customer `acme`. */
export class TestGateway implements AsyncDisposable {
  readonly tokens: TokenGenerator;
  /** Each server has connections of its own, as real ones do; else none would prove that it has read its tasks. */
  readonly #servers = new Map<string, Deno.HttpClient>();

  private constructor(
    public program: Program & { readonly url: string },
    readonly folder: TemporaryFolder,
    readonly accessKey: string,
  ) {
    this.tokens = new TokenGenerator(accessKey);
  }

  /** Starts a gateway; `acme` has the limits given, all else is as in `config`; `under` names a program that runs it. */
  static async start(
    config: object = {},
    limits: { maxPeers?: number; maxRooms?: number; namespace?: string } = {},
    under: (folder: string) => string[] = () => [],
  ): Promise<TestGateway> {
    const folder = new TemporaryFolder();
    const { accessKey, entry } = newCustomer("acme", limits);
    const program = await Program.start({
      config: configSource({ customers: [entry], startup: { waitForReports: false }, ...config }),
      folder: folder.path,
      under: under(folder.path),
    });
    return new TestGateway(program, folder, accessKey);
  }

  /** Kills the program, without any warning, and starts it again on the same data. */
  async restart(): Promise<void> {
    await this.program.stop("SIGKILL");
    const config = Deno.readTextFileSync(`${this.folder.path}/config.ts`);
    this.program = await Program.start({ config, folder: this.folder.path });
  }

  /** Starts the stopped program again with another configuration. */
  async reconfigure(config: object): Promise<void> {
    this.program = await Program.start({ config: configSource(config), folder: this.folder.path });
  }

  get url(): string {
    return this.program.url;
  }

  /** Where it listens for operators. */
  get operations(): string {
    const [, url] = /operations: [^\n]*?(https?:\/\/[\w.:[\]]+)/.exec(this.program.output) ?? [];
    assert.ok(url !== undefined, this.program.output);
    return url.replace("0.0.0.0", "127.0.0.1");
  }

  /** Sends a body as it is. */
  post(body: string | object, headers: Record<string, string> = {}, path = "/"): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** Calls a public method with a token for these rooms and this method. */
  call<Result>(
    method: string,
    rooms: string | string[],
    user: string,
    params: object = {},
    path = "/",
  ): Promise<Result> {
    const token = this.tokens.createToken(rooms, user, { subject: method });
    return call<Result>(`${this.url}${path}`, method, params, { token });
  }

  connect(rooms: string | string[], user: string, path = "/"): Promise<{ address: string; token: string }> {
    return this.call("Connect", rooms, user, {}, path);
  }

  internal<Result>(
    method: string,
    params: object,
    path = "/internal",
    options: { client?: Deno.HttpClient } = {},
  ): Promise<Result> {
    return call<Result>(`${this.url}${path}`, method, params, options);
  }

  #clientOf(server: string): Deno.HttpClient {
    const known = this.#servers.get(server);
    if (known !== undefined) return known;
    const client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
    this.#servers.set(server, client);
    return client;
  }

  /** Reports for a server; answers its tasks. */
  async report(
    server: string,
    rooms: { name: string; peers: number; customer?: string }[] = [],
    { load = 0.1, path = "/internal" }: { load?: number; path?: string } = {},
  ): Promise<Task[]> {
    const { tasks } = await this.internal<{ tasks: Task[] }>(
      "sfu.Report",
      {
        public_endpoint: server,
        version: "test",
        load,
        clients: rooms.reduce((sum, { peers }) => sum + peers, 0),
        rooms: rooms.map(({ name, peers, customer = "acme" }) => ({
          id: ["acme", name],
          customer,
          age: { secs: 1, nanos: 0 },
          peers,
        })),
      },
      path,
      { client: this.#clientOf(server) },
    );
    return tasks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#servers.values()) client.close();
    await this.program[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

/** Checks that a call is refused with this code, and a message like this. */
export async function refusedWith(
  running: Promise<unknown>,
  code: number,
  message: RegExp,
): Promise<CallError> {
  const error = await running.then(() => assert.fail("the call was not refused"), (error) => error);
  assert.ok(error instanceof CallError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return error;
}

/** The claims of a token. */
export function claimsOf(token: string): RoomClaims {
  return JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString());
}

/** Waits until something is so; fails with what it is in its place. */
export async function eventually<Value>(
  look: () => Value | Promise<Value>,
  isSo: (value: Value) => boolean,
  what: string,
): Promise<Value> {
  let value = await look();
  for (let tries = 0; !isSo(value) && tries < 150; tries++) {
    await sleep(100);
    value = await look();
  }
  assert.ok(isSo(value), `${what}: ${JSON.stringify(value)}`);
  return value;
}

export const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
