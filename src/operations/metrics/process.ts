import process from "node:process";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { PREFIX } from "./prefix.ts";

/** Interval of the looks at the event loop, in milliseconds. */
const SAMPLE_EVERY = 50;

/** Seconds that a timer is late. */
const DELAYS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * What the process uses, and how late its event loop is. Not prom-client's own defaults: they are named for Node.js, and read
 * files that Deno keeps from us.
 *
 * @returns stops looking at the event loop
 */
export function processMetrics(registry: Registry, version: string): () => void {
  const registers = [registry];
  new Counter({
    name: `${PREFIX}process_cpu_seconds_total`,
    help: "Processor time that the process has used, in seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: `${PREFIX}process_resident_memory_bytes`,
    help: "Memory of the process that is in RAM.",
    registers,
    collect() {
      this.set(Deno.memoryUsage().rss);
    },
  });
  new Gauge({
    name: `${PREFIX}process_heap_bytes`,
    help: "Memory that JavaScript's objects take.",
    registers,
    collect() {
      this.set(Deno.memoryUsage().heapUsed);
    },
  });
  new Gauge({
    name: `${PREFIX}process_start_time_seconds`,
    help: "When the process was started, unix time.",
    registers,
  }).set(performance.timeOrigin / 1000);
  new Gauge({
    name: `${PREFIX}build_info`,
    help: "1, with the versions of gateway and runtime.",
    labelNames: ["version", "deno"],
    registers,
  }).set({ version, deno: Deno.version.deno }, 1);
  const delays = new Histogram({
    name: `${PREFIX}event_loop_delay_seconds`,
    help: "How late a timer of the event loop is, looked at twenty times a second.",
    buckets: DELAYS,
    registers,
  });
  let due = performance.now() + SAMPLE_EVERY;
  const timer = setInterval(() => {
    const now = performance.now();
    delays.observe(Math.max(0, now - due) / 1000);
    due = now + SAMPLE_EVERY;
  }, SAMPLE_EVERY);
  timer.unref();
  return () => clearInterval(timer);
}
