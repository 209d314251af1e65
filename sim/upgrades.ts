import { TokenGenerator } from "@4players/odin-tokens";
import { call, CallError } from "./rpc_client.ts";

/** What came of a load while processes took over from each other. */
export interface UpgradeResult {
  readonly calls: number;
  /** Calls that failed, each with how it was made. */
  readonly failures: readonly string[];
  /** The longest that a call took, in milliseconds. */
  readonly longest: number;
  /** Tasks that were acknowledged, and that no server has read. */
  readonly lost: number;
  readonly tasks: number;
  readonly bans: readonly string[];
}

interface RunningLoad {
  stop(): Promise<UpgradeResult>;
}

/** How a load calls. */
export interface LoadOptions {
  readonly url: string;
  readonly accessKey: string;
  /** Callers that keep their connection, and callers that open one for each call. */
  readonly kept: number;
  readonly fresh: number;
  /** Milliseconds between two calls of one caller. */
  readonly pause: number;
}

/** Rooms of the client that looks where they are; about. */
const ROOMS = 200;

const SERVERS = ["sfu-a:4433", "sfu-b:4433"];

/**
 * Clients that connect, servers that report, and a backend that sends messages and bans users, all of it without a pause:
 * each call has to succeed at the first try, whatever process answers it.
 */
export async function startLoad(
  { url, accessKey, kept, fresh, pause }: LoadOptions,
): Promise<RunningLoad> {
  const tokens = new TokenGenerator(accessKey);
  const token = (user: string, method = "Connect") => tokens.createToken("room", user, { subject: method });
  const failures: string[] = [];
  const asked = new Set<string>();
  const read = new Set<string>();
  const bans: string[] = [];
  let [calls, longest, over] = [0, 0, false];

  /** Calls again and again; on one connection, or each time on a new one. */
  async function caller(
    name: string,
    keeps: boolean,
    act: (client: Deno.HttpClient) => Promise<void>,
  ): Promise<void> {
    const newClient = () => Deno.createHttpClient({ poolMaxIdlePerHost: keeps ? 1 : 0 });
    let client = newClient();
    while (!over) {
      const began = performance.now();
      try {
        await act(client);
        calls++;
      } catch (error) {
        failures.push(`${name}: ${reasonOf(error)}`);
      }
      longest = Math.max(longest, performance.now() - began);
      if (!keeps) {
        client.close();
        client = newClient();
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    client.close();
  }

  const report = async (server: string, client: Deno.HttpClient) => {
    const { tasks } = await call<{ tasks: { task: string; message?: number[] }[] }>(
      `${url}/internal`,
      "sfu.Report",
      { public_endpoint: server, version: "1", load: 0.1, clients: 0, rooms: [] },
      { client },
    );
    for (const { task, message } of tasks) {
      if (task === "RoomSendMessage") read.add(String(message));
    }
  };
  let number = 0;
  const send = async (client: Deno.HttpClient) => {
    const message = [...new TextEncoder().encode(String(number++))];
    const params = { room_id: "room", user_id: "u", message };
    await call(url, "RoomSendMessage", params, { token: token("backend", "RoomSendMessage"), client });
    asked.add(String(message));
  };
  const ban = async (client: Deno.HttpClient) => {
    const user = `banned-${number++}`;
    const params = { room_id: "room", user_id: user, ban_time: 3600 };
    await call(url, "RoomBanClient", params, { token: token("backend", "RoomBanClient"), client });
    bans.push(user);
  };
  const places = new Map<string, string>();
  /** A client of a new room, or of an old one, which has to be where it was. */
  const place = async (client: Deno.HttpClient, room = `place-${number++ % (2 * ROOMS)}`) => {
    const options = { token: tokens.createToken(room, "user"), client };
    const { address } = await call<{ address: string }>(url, "Connect", {}, options);
    const before = places.get(room) ?? address;
    if (before !== address) throw new Error(`${room} is on ${address} and was on ${before}`);
    places.set(room, address);
  };
  const connect = (user: string) => async (client: Deno.HttpClient) => {
    await call(url, "Connect", {}, { token: token(user), client });
  };
  using client = Deno.createHttpClient({});
  for (const server of SERVERS) await report(server, client);
  await connect("first")(client); // messages need a server that hosts the room
  const callers = [
    ...SERVERS.map((server) => caller(server, true, (client) => report(server, client))),
    ...Array.from({ length: kept }, (_, i) => caller(`kept ${i}`, true, connect(`kept-${i}`))),
    ...Array.from({ length: fresh }, (_, i) => caller(`fresh ${i}`, false, connect(`fresh-${i}`))),
    caller("rooms", true, place),
    caller("messages", true, send),
    caller("bans", true, ban),
  ];
  return {
    async stop() {
      over = true;
      await Promise.all(callers);
      // What was in answers that nobody proves to have read comes again, half a report interval later.
      const until = performance.now() + FETCH_WITHIN;
      const lost = () => [...asked].filter((message) => !read.has(message)).length;
      using client = Deno.createHttpClient({});
      for (const room of places.keys()) {
        await place(client, room).catch((error) => failures.push(`at the end: ${reasonOf(error)}`));
      }
      while (lost() > 0 && performance.now() < until) {
        for (const server of SERVERS) await report(server, client);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return { calls, failures, longest, lost: lost(), tasks: asked.size, bans };
    },
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof CallError) return `${error.status} ${error.message}`;
  const cause = error instanceof Error && error.cause !== undefined ? ` (${error.cause})` : "";
  return `${error}${cause}`;
}

/** Servers get so long, in milliseconds, to fetch what waits for them. */
const FETCH_WITHIN = 10_000;
