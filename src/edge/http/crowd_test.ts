import assert from "node:assert/strict";
import { Crowd, RESERVE } from "./crowd.ts";

/** What the crowd looks at of a connection. */
const peer = (since: number, isServed = false, network = "192.0.2.1") => ({ network, since, isServed });

type Peer = ReturnType<typeof peer>;

function crowdOf(strangers: readonly Peer[], proved: readonly Peer[]): Crowd<Peer> {
  const crowd = new Crowd<Peer>();
  for (const each of [...strangers, ...proved]) crowd.add(each);
  for (const each of proved) crowd.prove(each);
  return crowd;
}

Deno.test("strangers that are all being served at once push out nobody who has shown a password", () => {
  const served = Array.from({ length: 60 }, (_, i) => peer(i, true));
  const newcomer = peer(100);
  const crowd = crowdOf([...served, newcomer], [peer(0)]);
  assert.equal(crowd.whoGoes(newcomer, 1), undefined);
  assert.equal(crowd.whoGoes(newcomer, RESERVE + 1), newcomer);
  const other = peer(101, false, "198.51.100.1");
  crowd.add(other);
  assert.equal(crowd.whoGoes(other, 1), newcomer, "of the network with most, a stranger that is not served");
});

Deno.test("a newcomer takes the place of the one that has been idle for longest, a proved one where there is no crowd", () => {
  const newcomer = peer(100);
  const [early, late] = [peer(1), peer(2)];
  assert.equal(crowdOf([late, early, newcomer], [peer(0)]).whoGoes(newcomer, 1), early);
  const idle = peer(0);
  assert.equal(crowdOf([peer(3, true), newcomer], [idle, peer(4)]).whoGoes(newcomer, 1), idle);
});
