import { testSharedStore } from "../shared_contract.ts";
import { SharedLog } from "./shared_log.ts";
import { MemoryStore } from "./store.ts";

testSharedStore("in memory", () => {
  const log = new SharedLog(Date.now);
  return {
    open: (options) =>
      Promise.resolve(
        new MemoryStore(log, options, {
          isAway: () => false,
          lag: () => 3 * Math.random(),
          after(wait, act) {
            const timer = setTimeout(act, wait);
            return () => clearTimeout(timer);
          },
          handOverFor: 5000,
        }),
      ),
    dispose: () => {},
  };
});
