import assert from "node:assert/strict";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect, createServer, type Socket } from "node:net";
import { sleep, TestGateway } from "./gateway.ts";
import { answers, freePort, isInstalled, nginx, Running } from "./programs.ts";

const USER = { name: "odin", password: "secret" };
const BASIC = `Basic ${btoa(`${USER.name}:${USER.password}`)}`;

const ENDING = "ends its side, and resets then";

/** What a server does after it has sent a report, instead of reading the answer. */
const VANISHING: Record<string, (socket: Socket) => Promise<void>> = {
  "resets at once": (socket) => after(0, () => socket.resetAndDestroy()),
  "resets when the answer is there": (socket) => after(50, () => socket.resetAndDestroy()),
  "closes without reading, 20 ms later": (socket) => after(20, () => socket.destroy()),
  [ENDING]: async (socket) => {
    socket.end();
    await after(50, () => socket.resetAndDestroy());
  },
};

async function after(milliseconds: number, act: () => void): Promise<void> {
  await sleep(milliseconds);
  act();
}

/** How servers reach the gateway: the program, its arguments, and its configuration on this port. */
const WAYS: Record<
  string,
  | { program: string; args: string[]; config: (folder: string, port: number, host: string) => string }
  | undefined
> = {
  "directly": undefined,
  "by nginx with its defaults": {
    program: "nginx",
    args: ["-p", ".", "-c"],
    config: (folder, port, host) =>
      nginx(folder, `server { listen 127.0.0.1:${port}; location / { proxy_pass http://${host}; } }`),
  },
  "by nginx that keeps its connections": {
    program: "nginx",
    args: ["-p", ".", "-c"],
    config: (folder, port, host) =>
      nginx(
        folder,
        `upstream gateway { server ${host}; keepalive 8; }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://gateway; proxy_http_version 1.1;
proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $remote_addr; } }`,
      ),
  },
  "by HAProxy": {
    program: "haproxy",
    args: ["-db", "-f"],
    config: (_folder, port, host) =>
      `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  server one ${host}
`,
  },
};

for (const [way, proxy] of Object.entries(WAYS)) {
  Deno.test({
    name: `tasks for servers that vanish amid a report, and come back, are not lost: ${way}`,
    ignore: proxy !== undefined && !isInstalled(proxy.program),
    async fn(t) {
      await using gateway = await TestGateway.start({
        internal: { users: [USER] },
        sfuConfig: { updateInterval: 0.2, disableTimeout: 30 },
      });
      let url = gateway.url;
      await using stack = new AsyncDisposableStack();
      if (proxy !== undefined) {
        const port = freePort();
        const file = `${gateway.folder.path}/proxy.conf`;
        Deno.writeTextFileSync(file, proxy.config(gateway.folder.path, port, new URL(gateway.url).host));
        stack.use(
          new Running(new Deno.Command(proxy.program, { args: [...proxy.args, file], stderr: "null" })),
        );
        url = `http://127.0.0.1:${port}`;
        await answers(url);
      }
      for (const [what, vanish] of Object.entries(VANISHING)) {
        await t.step(`a server that ${what}`, async () => {
          const servers = Array.from({ length: 6 }, (_, i) => `${what.replaceAll(/\W/g, "")}${i}.example:1`);
          await Promise.all(servers.map(async (server) => {
            const room = `room of ${server}`;
            const before = new ReportingServer(url, server, room);
            await before.report();
            await sleep(150);
            const calls = ["RoomUpdate", "RoomSendMessage", "RoomUpdate"];
            for (const [i, method] of calls.entries()) {
              const bytes = method === "RoomUpdate" ? { user_data: [i] } : { user_id: "u", message: [i] };
              await gateway.call(method, room, "b", { room_id: room, ...bytes });
            }
            before.send();
            await vanish(before.socket);
            await sleep(150);
            const back = new ReportingServer(url, server, room);
            const read: string[] = [];
            for (let turn = 0; turn < 4; turn++) {
              read.push(...(await back.report()).map((task) => task.task + (task.user_data ?? "")));
              await sleep(150);
            }
            back.socket.destroy();
            for (const update of ["RoomUpdate0", "RoomUpdate2"]) {
              const times = read.filter((task) => task === update).length;
              assert.ok(times >= 1 && times <= 2, `${update} came ${times} times: ${read}`);
            }
            const messages = read.filter((task) => task === "RoomSendMessage").length;
            assert.ok(messages <= 1, String(read));
            // A connection that breaks tells that it has to come again; one that ends in good order tells nothing.
            if (proxy === undefined && what !== ENDING) assert.equal(messages, 1, String(read));
          }));
        });
      }
    },
  });
}

Deno.test("tasks for a peer of HTTP/2 that never opens its window come again", async () => {
  await using gateway = await TestGateway.start({ sfuConfig: { updateInterval: 0.2, disableTimeout: 30 } });
  const room = "r";
  const body = reportOf("a:1", room);
  const report = (session: ClientHttp2Session) => {
    const stream = session.request({ ":method": "POST", ":path": "/internal" });
    stream.on("error", () => {});
    stream.end(body);
    return stream;
  };
  for (let turn = 0; turn < 5; turn++) {
    await gateway.report("a:1", [{ name: room, peers: 1 }]);
    await gateway.call("RoomSendMessage", room, "b", { room_id: room, user_id: "u", message: [turn] });
    // Of the answer no byte may be sent: headers alone come.
    const deaf = connectHttp2(gateway.url, { settings: { initialWindowSize: 0 } });
    deaf.on("error", () => {});
    const stream = report(deaf);
    await new Promise((resolve) => stream.once("response", resolve));
    await sleep(50);
    const other = report(deaf); // proves nothing: it can be sent without having read
    await new Promise((resolve) => other.once("response", resolve));
    deaf.destroy();
    const read: object[] = [];
    for (let i = 0; i < 3; i++) {
      await sleep(150);
      read.push(...await gateway.report("a:1", [{ name: room, peers: 1 }]));
    }
    assert.deepEqual(read.map((task) => "message" in task && task.message), [[turn]]);
  }
});

Deno.test("over HTTP/2 the next report proves nothing", async () => {
  await using gateway = await TestGateway.start({ sfuConfig: { updateInterval: 0.2, disableTimeout: 30 } });
  const room = "r";
  const rooms = [{ name: room, peers: 1 }];
  const message = (number: number) =>
    gateway.call("RoomSendMessage", room, "b", { room_id: room, user_id: "u", message: [number] });
  let held = false;
  // Between server and gateway: what the gateway sends may be held back.
  const forwarder = createServer((near) => {
    const { hostname: host, port } = new URL(gateway.url);
    const far = connect({ host, port: Number(port) });
    for (const socket of [near, far]) socket.on("error", () => {});
    near.on("data", (piece) => far.write(piece));
    far.on("data", (piece) => held || near.write(piece));
    near.on("close", () => held ? far.resetAndDestroy() : far.end());
  });
  await new Promise<void>((resolve) => forwarder.listen(0, "127.0.0.1", resolve));
  const { port } = forwarder.address() as { port: number };
  for (const ends of ["breaks", "ends in order"]) {
    await gateway.report("a:1", rooms);
    await message(1);
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    held = ends === "breaks";
    for (let i = 0; i < 2; i++) {
      const stream = session.request({ ":method": "POST", ":path": "/internal" });
      stream.on("error", () => {});
      stream.end(reportOf("a:1", room));
      stream.resume();
      await sleep(150);
    }
    if (ends === "breaks") session.destroy();
    else session.close();
    await sleep(150);
    const again = await gateway.report("a:1", rooms);
    assert.equal(again.length, ends === "breaks" ? 1 : 0, JSON.stringify(again));
    await gateway.report("a:1", rooms);
  }
  forwarder.close();
});

Deno.test("a busy gateway takes no reset for a read", async () => {
  await using gateway = await TestGateway.start({ sfuConfig: { updateInterval: 0.2, disableTimeout: 30 } });
  const rooms = Array.from({ length: 60_000 }, (_, i) => ({ name: `other-${i}`, peers: 1 }));
  let busy = true;
  const load = (async () => {
    while (busy) await gateway.report("busy:1", rooms);
  })();
  const lost: string[] = [];
  for (let turn = 0; turn < 12; turn++) {
    const server = `a${turn}:1`;
    const room = `room of ${server}`;
    const before = new ReportingServer(gateway.url, server, room);
    await before.report();
    await sleep(150);
    await gateway.call("RoomSendMessage", room, "b", { room_id: room, user_id: "u", message: [turn] });
    before.send();
    await sleep(Math.random() * 60);
    before.socket.resetAndDestroy();
    const back = new ReportingServer(gateway.url, server, room);
    const read = [];
    for (let i = 0; i < 3; i++) {
      await sleep(150);
      read.push(...await back.report());
    }
    back.socket.destroy();
    if (read.length !== 1) lost.push(`${server}: ${JSON.stringify(read)}`);
  }
  busy = false;
  await load;
  assert.deepEqual(lost, []);
});

/** A server on one connection, which writes and reads by itself. */
class ReportingServer {
  readonly socket: Socket;
  readonly #request: string;
  #text = "";

  constructor(url: string, server: string, room: string) {
    const { hostname, port, host } = new URL(url);
    this.socket = connect({ host: hostname, port: Number(port) });
    this.socket.on("error", () => {});
    const body = reportOf(server, room);
    this.#request =
      `POST /internal HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${BASIC}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }

  send(): void {
    this.socket.write(this.#request);
    this.socket.pause();
  }

  /** Reports, and reads the whole answer. */
  async report(): Promise<{ task: string; user_data?: number[] }[]> {
    this.#text = "";
    this.send();
    this.socket.setEncoding("latin1");
    this.socket.resume();
    while (true) {
      const [, length, body] = /^content-length: (\d+)\r\n[^]*?\r\n\r\n([^]*)$/im.exec(this.#text) ?? [];
      if (length !== undefined && body!.length >= Number(length)) return JSON.parse(body!).result.tasks;
      this.#text += await new Promise<string>((resolve, reject) => {
        this.socket.once("data", (piece) => resolve(String(piece)));
        this.socket.once("close", () => reject(new Error(`closed after ${this.#text}`)));
      });
    }
  }
}

function reportOf(server: string, room: string): string {
  const rooms = [{ id: ["acme", room], customer: "acme", age: { secs: 1, nanos: 0 }, peers: 1 }];
  const params = { public_endpoint: server, version: "1", load: 0, clients: 1, rooms };
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method: "sfu.Report", params });
}
