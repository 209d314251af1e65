import { testStore } from "../contract.ts";
import { RedisStore } from "./store.ts";
import { NO_REDIS, OPTIONS, RedisServer } from "./testing.ts";

if (!NO_REDIS) {
  testStore("Redis", () => {
    const server = RedisServer.start();
    const start = performance.now();
    return {
      // Time passes for Redis, so it does on the caller's clock.
      open: async (options) =>
        await RedisStore.open((await server).settings, {
          ...OPTIONS,
          ...options,
          now: () => options.now() + performance.now() - start,
        }),
      dispose: async () => await (await server)[Symbol.asyncDispose](),
    };
  });
}
