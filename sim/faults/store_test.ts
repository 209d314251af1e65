import { testStore } from "../../src/store/contract.ts";
import { Disk } from "./disk.ts";
import { SimulatedStore } from "./store.ts";

const timers = {
  after(wait: number, act: () => void) {
    const timer = setTimeout(act, wait);
    return () => clearTimeout(timer);
  },
  every: () => () => {},
};

testStore("simulated", () => {
  const disk = new Disk();
  return {
    open: (options) => {
      const mood = { fails: () => false, latency: () => 0, lag: () => 0 };
      return Promise.resolve(new SimulatedStore(disk, options, timers, mood));
    },
    dispose: () => {},
  };
});
