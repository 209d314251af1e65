import { median } from "./statistics.ts";
import { reportParams } from "./fleet_report.ts";

/** A request that strangers, customers or servers may send, of up to 64 KB unless it says otherwise. */
export interface Dear {
  readonly name: string;
  readonly path: string;
  readonly authorization?: string;
  readonly body: string;
}

const KB64 = 64 * 1024 - 300;

/** Requests that cost more than they look, for their size: each has been the dearest of its kind. */
export function dearRequests(token: string, garbled: string): Dear[] {
  const request = (method: string, params: object = {}) =>
    JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const authorization = `Bearer ${token}`;
  const filled = (item: string, size: number) => `${item.repeat(Math.floor(size / item.length))}0`;
  const array = (method: string, member: string, item: string) => ({
    name: `${method} with ${member} of ${item.slice(0, 12)}`,
    path: "/",
    authorization,
    body:
      `{"jsonrpc":"2.0","id":1,"method":"${method}","params":{"room_id":"known-0","user_id":"u","${member}":[${
        filled(item, KB64)
      }]}}`,
  });
  const batch = (name: string, one: string, count: number): Dear => ({
    name,
    path: "/",
    authorization,
    body: `[${new Array(count).fill(one).join(",")}]`,
  });
  const rooms = (item: string): Dear => ({
    name: `report with rooms of ${item.slice(0, 12)}, 1 MB`,
    path: "/internal",
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "sfu.Report", params: reportParams(3000, 0) })
      .replace(
        '"rooms":[]',
        () => `"rooms":[${filled(item, 1024 * 1024)}]`,
      ),
  });
  return [
    array("RoomUpdate", "user_data", "-1,"),
    array("RoomUpdate", "user_data", "{},"),
    array("RoomSendMessage", "message", "[[]],"),
    batch("100 Connects", request("Connect"), 100),
    batch("100 refused calls", request("RoomClose", { room_id: "not mine" }), 100),
    batch("100 methods that there are not", request("Nothing"), 100),
    batch("100 times nothing", "0", 100),
    { name: "brackets, 64 KB", path: "/", authorization, body: "[".repeat(KB64 / 2) + "]".repeat(KB64 / 2) },
    {
      name: "members, 64 KB",
      path: "/",
      authorization,
      body: `{${Array.from({ length: KB64 / 12 }, (_, i) => `"k${i}":1`).join(",")}}`,
    },
    {
      name: "a token of 8 KB with a wrong signature",
      path: "/",
      authorization: `Bearer ${garbled}`,
      body: "{}",
    },
    rooms("-1,"),
    rooms("{},"),
    rooms('{"id":["",""]},'),
    {
      name: "GetConfig with brackets, 100 KB",
      path: "/internal",
      body: request("sfu.GridConfig", { version: "1", config: `a = ${"[".repeat(100_000)}` }),
    },
    {
      name: "GetConfig with tables, 100 KB",
      path: "/internal",
      body: request("sfu.GridConfig", {
        version: "1",
        config: Array.from({ length: 5000 }, (_, i) => `[t${i}.a.b.c]\nk=1`).join("\n"),
      }),
    },
    {
      name: "GetConfig with one dotted key, 100 KB",
      path: "/internal",
      body: request("sfu.GridConfig", { version: "1", config: `${"a.".repeat(50_000)}b = 1` }),
    },
  ];
}

/** Milliseconds that each request takes, one after the other on one connection; the median of some. */
export async function timeOf(
  { path, authorization, body }: Dear,
  url: string,
  runs: number,
): Promise<number> {
  const times: number[] = [];
  const bytes = new TextEncoder().encode(body);
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      body: bytes,
      headers: authorization === undefined ? {} : { Authorization: authorization },
    });
    await response.arrayBuffer();
    times.push(performance.now() - start);
  }
  return median(times);
}

/** How many Connects a request costs, for each 16 KB that it is long. */
export function inConnects(request: Dear, milliseconds: number, connect: number): number {
  const size = request.body.length + (request.authorization?.length ?? 0);
  return milliseconds / connect / Math.max(1, size / (16 * 1024));
}
