import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Delivery, type Outcome } from "./delivery.ts";

const KEY = new Uint8Array(32);
const OK = "HTTP/1.1 200 OK\r\n";

/** Somebody who answers what HTTP does not expect: bytes, as a test gives them. */
class RawReceiver implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connections = 0;
  requests = 0;

  /** @param answer is called when a request is there in whole */
  constructor(answer: (socket: Socket, receiver: RawReceiver) => void) {
    this.#server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      let text = "";
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("data", (chunk) => {
        text += chunk.toString();
        if (!text.endsWith("}")) return;
        text = "";
        this.requests++;
        answer(socket, this);
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sockets.forEach((socket) => socket.destroy());
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Says the same again and again for as long as somebody reads it. */
function withoutEnd(socket: Socket, piece: string): void {
  const block = piece.repeat(Math.ceil(20_000 / piece.length));
  const goOn = (): void => {
    while (socket.writable && socket.write(block));
  };
  socket.on("drain", goOn);
  goOn();
}

const send = (delivery: Delivery): Promise<Outcome> => delivery.send({ id: "id", body: "{}" });

/** What never ends: how it begins, what is repeated, what the gateway makes of it. */
const endless = [
  ["interim answers", "", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", /longer than 65536 bytes/],
  ["a request to go on", "", "HTTP/1.1 100 Continue\r\n\r\n", /longer than 65536 bytes/],
  ["empty lines", "", "\r\n", /longer than 65536 bytes/],
  ["a status", "HTTP/1.1 200 ", "O", /./],
  ["a header", `${OK}A: `, "b", /./],
  ["headers", OK, "A: b\r\n", /./],
  ["a switch of protocols", "HTTP/1.1 101 Other\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "z", /./],
  ["what is not HTTP", "", "z", /./],
  ["a body", `${OK}Content-Length: 99999999999\r\n\r\n`, "z", "delivered"],
  ["a body up to the end of the connection", `${OK}\r\n`, "z", "delivered"],
  ["a body in chunks", `${OK}Transfer-Encoding: chunked\r\n\r\n`, "1\r\na\r\n", "delivered"],
  ["an extension of a chunk", `${OK}Transfer-Encoding: chunked\r\n\r\n1`, ";a=b", "delivered"],
  ["trailers", `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n`, "A: b\r\n", "delivered"],
] as const;

for (const [what, begin, piece, expected] of endless) {
  Deno.test(`an answer that does not end is broken off long before the time-out: ${what}`, async () => {
    await using receiver = new RawReceiver((socket) => {
      socket.write(begin);
      withoutEnd(socket, piece);
    });
    using delivery = new Delivery(await receiver.listen(), [KEY], Date.now, 3_600_000);
    const outcome = await send(delivery);
    if (expected === "delivered") assert.equal(outcome.kind, "delivered");
    else assert.match(outcome.kind === "failed" ? outcome.reason : outcome.kind, expected);
  });
}

Deno.test("what a receiver says while nothing was sent to it closes the connection", async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  await using receiver = new RawReceiver((socket, { connections }) => {
    socket.write(`${OK}Content-Length: 0\r\n\r\n`);
    if (connections > 1) return;
    socket.on("close", resolve);
    setTimeout(() => withoutEnd(socket, "z"), 50);
  });
  using delivery = new Delivery(await receiver.listen(), [KEY], Date.now, 3_600_000);
  assert.equal((await send(delivery)).kind, "delivered");
  await closed;
  assert.equal((await send(delivery)).kind, "delivered");
  assert.equal(receiver.connections, 2);
});

Deno.test("a connection carries many messages, each with its own answer", async () => {
  await using receiver = new RawReceiver((socket) =>
    socket.write(`${OK}Content-Length: 20000\r\n\r\n${"z".repeat(20_000)}`)
  );
  using delivery = new Delivery(await receiver.listen(), [KEY], Date.now, 3_600_000);
  for (let i = 0; i < 20; i++) assert.equal((await send(delivery)).kind, "delivered");
  assert.deepEqual([receiver.connections, receiver.requests], [1, 20]);
});

Deno.test("a kept connection that the receiver has closed meanwhile costs no message", async () => {
  await using receiver = new RawReceiver((socket, { requests }) => {
    if (requests % 2 === 1) socket.write(`${OK}Content-Length: 0\r\n\r\n`);
    else socket.destroy();
  });
  using delivery = new Delivery(await receiver.listen(), [KEY], Date.now, 3_600_000);
  for (let i = 0; i < 5; i++) assert.equal((await send(delivery)).kind, "delivered");
});

const failures = [
  ["closes the connection", (socket: Socket) => socket.end(), /^.+$/],
  ["resets the connection", (socket: Socket) => socket.resetAndDestroy(), /^.+$/],
  ["says nothing", () => {}, /^no answer within 0\.2 s$/],
  ["drips interim answers", (socket: Socket) => drip(socket), /^no answer within 0\.2 s$/],
] as const;

for (const [what, answer, reason] of failures) {
  Deno.test(`a receiver that ${what} has not taken the message`, async () => {
    await using receiver = new RawReceiver(answer);
    using delivery = new Delivery(await receiver.listen(), [KEY], Date.now, 200);
    const outcome = await send(delivery);
    assert.match(outcome.kind === "failed" ? outcome.reason : outcome.kind, reason);
  });
}

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write("HTTP/1.1 103 Early Hints\r\n\r\n"), 20);
  socket.on("close", () => clearInterval(timer));
}

Deno.test("nobody who listens: the reason says so, without the URL", async () => {
  let url: string;
  {
    await using receiver = new RawReceiver(() => {});
    url = await receiver.listen();
  }
  using delivery = new Delivery(`${url}secret`, [KEY], Date.now);
  const outcome = await send(delivery);
  assert.match(outcome.kind === "failed" ? outcome.reason : outcome.kind, /refused/i);
  assert.ok(!JSON.stringify(outcome).includes("secret"));
});
