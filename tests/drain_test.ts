import assert from "node:assert/strict";
import { readConfig } from "../src/config/load.ts";
import { listen, type Listener } from "../src/edge/http/listener.ts";
import type { Address, Fate } from "../src/fleet/mod.ts";
import { eventually } from "./gateway.ts";

const TASKS = JSON.stringify({ tasks: "x".repeat(1000) });

/** When a listener is told to stop, beside an answer with tasks. */
const STOPS: readonly (readonly [when: string, wait: (stop: () => void) => unknown])[] = [
  ["before it is answered", (stop) => stop()],
  ["as it is written", (stop) => queueMicrotask(stop)],
  ["when it has been written", (stop) => setTimeout(stop)],
  ["when it has gone out", (stop) => setTimeout(stop, 5)],
];

for (const [when, wait] of STOPS) {
  Deno.test(`an answer with tasks that went out entirely does not count as lost where its gateway stops ${when}`, async () => {
    const { settings } = readConfig({ http: { hostname: "127.0.0.1", port: 0 }, customers: [] });
    for (let round = 0; round < 20; round++) {
      const fates: Fate[] = [];
      const stopped = Promise.withResolvers<void>();
      const listener: Listener = await listen(settings, (request) => {
        const delivery = { server: "sfu:1" as Address, id: round };
        request.connection.add(delivery, (_, fate) => fates.push(fate), request.sent);
        wait(() => void listener.stop(2000).then(stopped.resolve));
        return Promise.resolve({ status: 200, body: TASKS });
      });
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
      await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
      const answer = await new Response(connection.readable).text();
      assert.ok(answer.endsWith(TASKS), answer);
      await stopped.promise;
      await eventually(() => fates.length, (length) => length === 1, "what became of it is told");
      assert.deepEqual(fates, ["unknown"], `round ${round}`);
    }
  });
}
