import type { Chance } from "../placement/chance.ts";
import { garbled, hostileValue, mutated } from "./hostile.ts";

/** An HTTP request to the gateway. */
export interface FuzzRequest {
  readonly path: string;
  readonly authorization?: string;
  readonly body: string;
  /** JSON-RPC calls in the body. */
  readonly calls: number;
  /** Whether nobody who may has signed the token. */
  readonly forged?: boolean;
}

/** Calls in a batch. */
const BATCH = 40;

/** Things that names may be; a few, so that calls meet what earlier ones left. */
const NAMES = [
  "lobby",
  "{q}1",
  "{q}2",
  "m7",
  "{m7}-red",
  "lobby\u0000mine",
  "é",
  "e\u0301",
  "x".repeat(1024),
  "😀",
];
const SERVERS = [
  "a.example:1",
  "A.example.:1",
  "10.0.0.1:4433",
  "[::1]:4433",
  "[::ffff:10.0.0.1]:4433",
  "b:2",
];

const TOML = `# a server
[supervisor]
report_interval = 5
[metrics]
allowed = ["127.0.0.1/32", "::1/128"]
started = 2024-02-29T12:00:00Z
[[network.listen]]
port = 4433
name = 'a "b"'
ratio = -0.0
big = 9223372036854775807
inline = { a = [1, 2.5e3, inf], b.c = """x
y""" }
`;

/** Makes requests that are right but for something. */
export class RequestMaker {
  constructor(readonly chance: Chance, readonly sign: (claims: object) => string) {}

  next(): FuzzRequest {
    const internal = this.chance.random() < 0.4;
    const size = this.chance.random() < 0.9 ? BATCH : 1;
    const calls = Array.from(
      { length: size },
      () => this.#call(internal ? this.#internalCall() : this.#publicCall()),
    );
    const json = JSON.stringify(size === 1 ? calls[0] : calls) ?? "";
    const body = this.chance.random() < 0.1 ? garbled(json, this.chance) : json;
    const path = internal ? "/internal" : "/";
    if (!internal && this.chance.random() < 0.05) {
      return { path, body, calls: size, authorization: this.#forged(), forged: true };
    }
    return internal
      ? { path, body, calls: size }
      : { path, body, calls: size, authorization: this.#authorization() };
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.chance.integer(0, values.length - 1)]!;
  }

  #name(): string {
    return this.chance.random() < 0.7
      ? this.#pick(NAMES)
      : `${this.#pick(NAMES).slice(0, 900)}-${this.chance.integer(0, 999)}`;
  }

  #call(right: object): unknown {
    return this.chance.random() < 0.7 ? mutated(right, this.chance) : right;
  }

  #authorization(): string {
    const names = Array.from({ length: this.chance.integer(1, 3) }, () => this.#name());
    const rid = this.chance.random() < 0.5 ? [...NAMES, ...names] : names[0];
    const claims = {
      rid,
      uid: this.#name(),
      sub: ["Connect", "RoomClose", "RoomUpdate", "RoomBanClient", "RoomSendMessage"],
    };
    const token = this.sign(this.chance.random() < 0.2 ? mutated(claims, this.chance) as object : claims);
    return `Bearer ${this.chance.random() < 0.05 ? printable(garbled(token, this.chance)) : token}`;
  }

  /** A token that is right but for a byte of its signature, or of what is signed. */
  #forged(): string {
    const token = this.sign({ rid: this.#name(), uid: this.#name() });
    const at = this.chance.integer(token.indexOf(".") + 1, token.length - 2);
    const other = token[at] === "A" ? "B" : "A";
    return `Bearer ${token.slice(0, at)}${other}${token.slice(at + 1)}`;
  }

  #publicCall(): object {
    const room = { room_id: this.#name() };
    const user = { user_id: this.#name() };
    const bytes = Array.from({ length: this.chance.integer(0, 20) }, () => this.chance.integer(0, 255));
    return this.#request(this.#pick<[string, object]>([
      ["Connect", {}],
      ["RoomClose", { ...room, ban_time: this.chance.integer(0, 2) }],
      ["RoomUpdate", { ...room, user_data: bytes }],
      ["RoomBanClient", { ...room, ...user, ban_time: this.chance.integer(0, 600) }],
      ["RoomSendMessage", { ...room, ...user, message: bytes }],
    ]));
  }

  #internalCall(): object {
    const origin = { public_endpoint: this.#pick(SERVERS), version: "1" };
    const address = { address: this.#pick(SERVERS) };
    const rooms = Array.from({ length: this.chance.integer(0, 5) }, () => ({
      id: [this.#pick(["acme", "other"]), this.#name()],
      customer: "acme",
      age: { secs: this.chance.integer(0, 100), nanos: this.chance.integer(0, 999_999_999) },
      peers: this.chance.integer(0, 20),
    }));
    const config = this.chance.random() < 0.5 ? garbled(TOML, this.chance) : TOML;
    const name = this.#name();
    const cursor = this.#pick([
      undefined,
      undefined,
      hostileValue(this.chance),
      Buffer.from(
        JSON.stringify(["room.List", { namespace: "acme" }, crypto.randomUUID(), ["acme", this.#name()]]),
      )
        .toString("base64url"),
    ]);
    const page = { limit: this.chance.integer(1, 3), cursor };
    return this.#request(this.#pick<[string, object]>([
      ["sfu.Report", { ...origin, load: this.chance.random(), clients: 20, rooms }],
      ["SubmitReport", { ...origin, server: "grid", load: this.chance.random(), clients: 20, rooms }],
      ["sfu.GridConfig", { ...origin, config }],
      ["GetConfig", { ...origin, server: "grid", config }],
      ["server.Drain", { ...address, deadline: this.chance.integer(0, 5) }],
      ["server.Resume", address],
      ["server.SetWeight", { ...address, weight: this.chance.random() }],
      ["server.Show", address],
      ["server.Forget", address],
      ["server.List", { ...page, state: this.#pick(["open", "silent", "draining"]) }],
      ["room.List", {
        ...page,
        namespace: "acme",
        server: this.#pick([address.address, undefined]),
        prefix: name,
      }],
      ["room.Locate", { room_id: ["acme", name] }],
      ["room.Explain", { room_id: ["acme", name] }],
      ["room.Close", { room_id: ["acme", name], ban_time: this.chance.integer(0, 1) }],
      ["ban.List", { ...page, user: name }],
      ["ban.Lift", { room_id: ["acme", name], user_id: this.#pick([name, undefined]) }],
      ["task.List", { ...page, room: name }],
      ["customer.List", { ...page, prefix: name, listed: this.chance.random() < 0.5 }],
      ["customer.Show", { id: name }],
      ["kind.List", { ...page, namespace: name }],
      ["kind.Forget", { namespace: "acme", template: "lobby" }],
    ]));
  }

  #request([method, params]: readonly [string, object]): object {
    return { jsonrpc: "2.0", id: this.chance.random() < 0.9 ? 1 : hostileValue(this.chance), method, params };
  }
}

/** A header's value holds no control characters, and none beyond Latin-1. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
