import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { LongAnswers } from "./long_answers.ts";

const LENGTH = 20_000_000; // more than the system takes for a peer that does not read

Deno.test("of long answers that nobody reads those that are on their way for longest are cut off, and others come whole", async () => {
  const answers = new LongAnswers(3 * LENGTH);
  const body = "x".repeat(LENGTH);
  const cut: number[] = [];
  let asked = 0;
  const server = createServer((incoming, outgoing) => {
    const number = ++asked;
    let sent = false;
    outgoing.on("finish", () => sent = true);
    outgoing.on("close", () => void (sent || cut.push(number)));
    answers.add(incoming, outgoing, LENGTH);
    outgoing.end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const peers: Deno.TcpConn[] = [];
  const ask = async () => {
    const peer = await Deno.connect({ port });
    await peer.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    await peer.read(new Uint8Array(10)); // it has begun; nobody reads on
    peers.push(peer);
  };
  const whole = async (peer: Deno.TcpConn) => {
    let read = 10;
    for (let piece; (piece = await peer.read(new Uint8Array(1 << 20)).catch(() => null)) !== null;) {
      read += piece;
    }
    return read > LENGTH;
  };
  for (let i = 0; i < 5; i++) await ask();
  assert.deepEqual(cut, [1, 2]);
  assert.equal(await whole(peers[4]!), true);
  await ask(); // whose answer has come does not count any more
  assert.deepEqual(cut, [1, 2]);
  assert.deepEqual(await Promise.all([0, 1, 2, 3, 5].map((i) => whole(peers[i]!))), [
    false,
    false,
    true,
    true,
    true,
  ]);
  for (const peer of peers) peer.close();
  server.close();
});
