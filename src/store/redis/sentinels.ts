import type { Connection } from "./connection.ts";
import { afterAll } from "./deadline.ts";
import { Fault } from "./fault.ts";
import { type Endpoint, nameOf, type Sentinels } from "./settings.ts";

/** Once a sentinel has answered, the others get so long, in milliseconds. */
const OTHERS = 200;

/** What a sentinel says. */
interface Named {
  readonly endpoint: Endpoint;
  /** How often the sentinels had made another one the primary when it was told so. */
  readonly epoch: number;
}

/**
 * Opens what the sentinels name. All are asked at once, and one that has been cut off from the others may name who is gone, or
 * who is no primary any more: so whatever was named last comes first, and where that cannot be used, another one.
 *
 * @param ask connects to a sentinel
 * @param open connects to what one names, if it is a primary
 * @throws {Fault} where none of it can be used, or none of them answers
 */
export async function firstPrimary(
  sentinels: Sentinels,
  ask: (sentinel: Endpoint) => Promise<Connection>,
  open: (primary: Endpoint) => Promise<Connection>,
): Promise<Connection> {
  const named: Named[] = [];
  const tried = new Set<string>();
  let unusable: unknown;
  let silent: unknown;
  const one = Promise.withResolvers<void>();
  const all = Promise.all(sentinels.addresses.map(async (address) => {
    try {
      named.push(await namedBy(await ask(address), sentinels.name));
      one.resolve();
    } catch (error) {
      // One that does not know the name says more than those that are away.
      if (silent === undefined || (error instanceof Fault && !error.passes)) silent = error;
    }
  }));
  await Promise.race([all, one.promise]);
  await orAfter(all, OTHERS);
  for (const wait of [Promise.resolve(), all]) {
    await wait;
    for (const { endpoint } of named.toSorted((a, b) => b.epoch - a.epoch)) {
      if (tried.has(nameOf(endpoint))) continue;
      tried.add(nameOf(endpoint));
      try {
        return await open(endpoint);
      } catch (error) {
        unusable ??= error;
      }
    }
  }
  if (unusable instanceof Fault) {
    throw new Fault(unusable.kind, `the sentinels name none that can be used: ${unusable.message}`, {
      cause: unusable,
      passes: unusable.passes,
    });
  }
  const why = silent instanceof Error ? silent.message : "none is configured";
  throw new Fault("lost", `no sentinel says where Redis is: ${why}`, {
    cause: silent,
    passes: silent instanceof Fault && silent.passes,
  });
}

/** @throws {Fault} where the sentinel does not answer, or knows none */
async function namedBy(sentinel: Connection, name: string): Promise<Named> {
  try {
    const [answer, epoch] = await Promise.all([
      sentinel.call(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]),
      sentinel.call(["SENTINEL", "MASTER", name]).then(epochOf, () => 0), // its user may not ask that
    ]);
    if (Array.isArray(answer)) {
      return { endpoint: { hostname: String(answer[0]), port: Number(answer[1]) }, epoch };
    }
    throw new Fault("lost", `the sentinel at ${sentinel.address} knows no primary of the name ${name}`, {
      passes: false,
    });
  } finally {
    sentinel.close();
  }
}

/** From names and values, one after the other. */
function epochOf(answer: unknown): number {
  const texts = Array.isArray(answer) ? answer.map(String) : [];
  return Number(texts[texts.indexOf("config-epoch") + 1]) || 0;
}

/** Resolves with the promise, or after so many milliseconds. */
async function orAfter(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  const { promise: passed, resolve } = Promise.withResolvers<void>();
  const calledOff = afterAll(milliseconds, resolve);
  await Promise.race([promise, passed]);
  calledOff();
}
