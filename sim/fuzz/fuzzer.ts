import { signerOf } from "../access_key.ts";
import { Chance } from "../placement/chance.ts";
import { configSource, newCustomer, Program, type ProgramOptions } from "../program.ts";
import { call } from "../rpc_client.ts";
import { garbled } from "./hostile.ts";
import { type FuzzRequest, RequestMaker } from "./requests.ts";

/** Requests under way at a time. */
const CALLERS = 4;

/** JSON-RPC codes of what is never a caller's fault. */
const INTERNAL_ERROR = -32603;
const UNAVAILABLE = -32009;

/** Faults that are kept; more say nothing more. */
const FAULTS = 20;

/** Bytes of an answer to a stranger or a customer, at most: so many times those of its request, and as many as a batch of nothing but faults takes. */
const AMPLIFICATION = { factor: 4, more: 12_000 };

/** Longest time for a well-behaved call in between, in milliseconds. */
const PATIENCE = 10_000;

/** What a run has shown. */
export interface Findings {
  readonly calls: number;
  readonly requests: number;
  /** JSON-RPC codes of the answers, 0 for results, and how often. */
  readonly codes: ReadonlyMap<number, number>;
  readonly faults: readonly string[];
}

/** A room as `Info` shows it, as far as a restart must keep it. */
interface KeptRoom {
  readonly id: readonly [string, string];
  readonly customer: string;
  readonly server: string;
}

/** Sends a running gateway what it should refuse, and looks at how it does so. */
export class Fuzzer {
  readonly #codes = new Map<number, number>();
  readonly #faults: string[] = [];
  readonly #options: ProgramOptions;
  readonly #sign: (claims: object) => string;
  #calls = 0;
  #requests = 0;

  /** @param seed decides what is sent; what is answered also hangs on the order in which it arrives */
  constructor(folder: string, readonly seed: number) {
    const { accessKey, entry } = newCustomer("acme");
    this.#sign = signerOf(accessKey);
    const config = configSource({
      rates: { perKey: "off", perCustomer: "off" }, // all comes by one key
      customers: [entry],
      logFormat: "json",
      startup: { waitForReports: false },
      sfuConfig: { disableTimeout: 3600, removeTimeout: 3600 },
    });
    this.#options = { config, folder };
  }

  async run(seconds: number): Promise<Findings> {
    {
      await using program = await Program.start(this.#options);
      const end = performance.now() + seconds * 1000;
      const callers = Array.from(
        { length: CALLERS },
        (_, i) => this.#callUntil(end, program.url, this.seed + i),
      );
      await Promise.all([...callers, this.#garbleUntil(end, program.url)]);
      await this.#behave(program.url);
      const before = await roomsOf(program.url);
      await program.stop("SIGKILL");
      this.#readLog(program.output);
      await this.#restart(before);
    }
    return { calls: this.#calls, requests: this.#requests, codes: this.#codes, faults: this.#faults };
  }

  #fault(what: string): void {
    if (this.#faults.length < FAULTS) this.#faults.push(what);
  }

  async #callUntil(end: number, url: string, seed: number): Promise<void> {
    const maker = new RequestMaker(new Chance(seed), this.#sign);
    while (performance.now() < end && this.#faults.length < FAULTS) {
      const request = maker.next();
      this.#requests++;
      this.#calls += request.calls;
      try {
        await this.#send(url, request);
      } catch (error) {
        return this.#fault(`no answer to ${describe(request)}: ${error}`);
      }
    }
  }

  async #send(url: string, request: FuzzRequest): Promise<void> {
    const { path, authorization, body } = request;
    const response = await fetch(url + path, {
      method: "POST",
      body,
      headers: authorization === undefined ? {} : { Authorization: authorization },
      signal: AbortSignal.timeout(PATIENCE),
    });
    const text = await response.text();
    if (request.forged === true && response.status !== 401) {
      return this.#fault(`${response.status} to a forged token: ${describe(request)}`);
    }
    if (response.status === 204) return;
    for (const answer of [JSON.parse(text)].flat()) {
      const { code, message } = answer.error ?? { code: 0, message: "" };
      this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1);
      const formed = answer.jsonrpc === "2.0" && "id" in answer &&
        ("result" in answer) !== ("error" in answer);
      if (!formed) this.#fault(`${text.slice(0, 200)} is no JSON-RPC answer; to ${describe(request)}`);
      if (code === INTERNAL_ERROR || (response.status >= 500 && code !== UNAVAILABLE)) {
        this.#fault(`${response.status} ${code} ${message} to ${describe(request)}`);
      }
    }
    const asked = body.length + (authorization?.length ?? 0);
    if (path === "/" && text.length > AMPLIFICATION.factor * asked + AMPLIFICATION.more) {
      this.#fault(`an answer of ${text.length} bytes to ${asked}: ${describe(request)}`);
    }
  }

  /** Requests whose very bytes are wrong, on connections of their own. */
  async #garbleUntil(end: number, url: string): Promise<void> {
    const chance = new Chance(this.seed);
    const { hostname, port, host } = new URL(url);
    const body = '{"jsonrpc":"2.0","id":1,"method":"Connect","params":{}}';
    while (performance.now() < end) {
      const headers = `Host: ${host}\r\nAuthorization: Bearer ${this.#sign({ rid: "r", uid: "u" })}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
      let text = `POST / HTTP/1.1\r\n${headers}\r\n${body}`;
      for (let i = chance.integer(1, 4); i > 0; i--) text = garbled(text, chance);
      using connection = await Deno.connect({ hostname, port: Number(port) });
      await connection.write(new TextEncoder().encode(text)).catch(() => {}); // it may have been hung up on
      const timer = setTimeout(() => connection.close(), 20);
      const buffer = new Uint8Array(4096);
      const read = await connection.read(buffer).catch(() => null);
      clearTimeout(timer);
      const [, status] = /^HTTP\/1\.\d (\d+)/.exec(new TextDecoder().decode(buffer.subarray(0, read ?? 0))) ??
        [];
      if (Number(status) >= 500) this.#fault(`${status} to ${JSON.stringify(text)}`);
      this.#requests++;
    }
  }

  /** Whoever behaves is still served. */
  async #behave(url: string): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE);
    try {
      const report = { public_endpoint: "honest.example:1", version: "1", load: 0, clients: 0, rooms: [] };
      await call(`${url}/internal`, "sfu.Report", report, { signal });
      const token = this.#sign({ rid: "an honest room", uid: "an honest user", sub: "connect" });
      await call(url, "Connect", {}, { token, signal });
    } catch (error) {
      this.#fault(`an honest call failed: ${error}`);
    }
  }

  /** Nothing of a stranger's doing is an error of the gateway's. */
  #readLog(output: string): void {
    for (const line of output.split("\n")) {
      if (line.startsWith("{") ? /"level":"(ERROR|FATAL)"/.test(line) : /^\s+at |Error:/.test(line)) {
        this.#fault(`the log says: ${line.slice(0, 500)}`);
      }
    }
  }

  /** The store takes every name, and gives it back as it was. */
  async #restart(before: readonly KeptRoom[]): Promise<void> {
    await using program = await Program.start(this.#options);
    const after = new Set((await roomsOf(program.url)).map((room) => JSON.stringify(room)));
    const lost = before.filter((room) => !after.has(JSON.stringify(room)));
    if (lost.length > 0) {
      this.#fault(
        `${lost.length} of ${before.length} rooms are not there after a restart: ${JSON.stringify(lost[0])}`,
      );
    }
    await this.#behave(program.url);
    await program.stop();
    this.#readLog(program.output);
  }
}

async function roomsOf(url: string): Promise<KeptRoom[]> {
  const { rooms } = await call<{ rooms: KeptRoom[] }>(`${url}/internal`, "Info", {});
  return rooms.map(({ id, customer, server }) => ({ id, customer, server }));
}

function describe({ path, authorization, body }: FuzzRequest): string {
  return `${path} ${authorization?.slice(0, 200) ?? ""} ${body.slice(0, 600)}`;
}
