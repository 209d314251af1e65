import { Gateway } from "../src/gateway/gateway.ts";
import { defaultFleetSettings } from "../src/fleet/mod.ts";
import { SqliteStore } from "../src/store/sqlite/store.ts";

/**
 * Opens a gateway on the data folder in the argument, and prints how long that took and for how long the event loop stood
 * still at the worst, in milliseconds. Run in a process of its own.
 */
let longest = 0;
let last = performance.now();
const turn = () => {
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
};
const turning = setInterval(turn, 1);
await new Promise((resolve) => setTimeout(resolve, 100)); // what loading this program took is not meant
longest = 0;
const start = performance.now();
const gateway = await Gateway.open(defaultFleetSettings(), {
  openStore: (options) => SqliteStore.open(Deno.args[0]!, options),
  waitForReports: false,
});
turn();
clearInterval(turning);
const took = performance.now() - start;
await gateway.stop();
console.log(JSON.stringify({ took, longest }));
