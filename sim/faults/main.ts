/**
 * `deno task simulate faults`: the gateway in simulated worlds of clients, servers, backends and mishaps, each decided by its
 * seed. What goes wrong in one goes wrong again with the same seed.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import { parseCommand } from "../../src/command_line/command.ts";
import { type FaultKind, FAULTS, type Outcome, World } from "./world.ts";

interface Options {
  readonly seeds: number;
  readonly seed: number;
  readonly seconds: number;
  readonly gateways: number;
  readonly without: readonly FaultKind[];
}

/** How a world goes, whatever its seed. */
type Lasting = Pick<Options, "seconds" | "without" | "gateways">;

/** Faults of a seed that are shown. */
const SHOWN = 3;

/** @throws {StartError} naming the option that is wrong */
export async function simulateFaults(args: readonly string[]): Promise<void> {
  const command = new Command("deno task simulate faults")
    .description("Lets the gateway live through mishaps in simulated time, and holds it to its promises.")
    .option("--seeds <number>", "how many worlds", wholeNumber, 20)
    .option("--seed <number>", "the first one", wholeNumber, 1)
    .option("--seconds <number>", "how long each lasts, in simulated time", wholeNumber, 120)
    .option("--gateways <number>", "how many gateways share the store", wholeNumber, 1)
    .option("--without <kinds>", `faults that do not happen, some of: ${FAULTS.join(", ")}`, kinds, []);
  const print = parseCommand(command, args);
  if (print !== undefined) return console.log(print);
  const { seeds, seed: first, ...options } = command.opts<Options>();
  const { seconds, gateways } = options;
  let [bad, connects, acknowledged, events] = [0, 0, 0, 0];
  const worldsOf = new Map<string, number>();
  for (let seed = first; seed < first + seeds; seed++) {
    const outcome = await worldOf(seed, options);
    connects += outcome.counts.connects;
    acknowledged += outcome.counts.acknowledged;
    events += outcome.events;
    if (outcome.faults.length === 0) continue;
    bad++;
    for (const kind of new Set(outcome.faults.map(kindOf))) worldsOf.set(kind, (worldsOf.get(kind) ?? 0) + 1);
    // Of several gateways much is known to be wrong (docs/testing.md): one world of each kind is enough to look at.
    if (gateways === 1) await tell(outcome, options);
    else tellBriefly(outcome, options);
  }
  for (const [kind, worlds] of [...worldsOf].toSorted(([, a], [, b]) => b - a)) {
    console.log(`${worlds} worlds: ${kind}`);
  }
  console.log(
    `${seeds} worlds of ${seconds} s${
      gateways > 1 ? ` with ${gateways} gateways` : ""
    }, ${events} events, ${connects} Connects, ${acknowledged} acknowledged calls: ` +
      `${bad} with faults`,
  );
  if (bad > 0) Deno.exitCode = 1;
}

function worldOf(seed: number, { seconds, without, gateways }: Lasting): Promise<Outcome> {
  return new World({ seed, span: seconds * 1000, gateways, without: new Set(without) }).run();
}

/** What a fault is about, without the names and numbers in it. */
function kindOf(fault: string): string {
  const [, disagreed] = /^the models do not agree on (\w+)/.exec(fault) ?? [];
  if (disagreed !== undefined) return `the models do not agree on ${disagreed}`;
  return KINDS.find(([pattern]) => pattern.test(fault))?.[1] ?? fault.split("\n")[0]!;
}

/** Faults by what they are about. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/ is split: /, "a group on two servers"],
  [/and nobody had asked for it$/, "a room is closed that nobody wanted closed"],
  [/was acknowledged and never came/, "an acknowledged task never came"],
  [/which was refused/, "a refused task came"],
  [/came twice, though/, "a message came twice"],
  [/that nobody had asked for: /, "a task that nobody had asked for"],
  [
    /(is banned|is lifted|was banned until).*, and a Connect says/,
    "a ban does not hold, or outlives its lift or its end",
  ],
  [
    /of the licence$|in the licence$|by the limit of rooms$|is refused as one of/,
    "refused though the licence has room",
  ],
  [/clients of \d+ in its licence|rooms of \d+$/, "a licence is exceeded"],
  [/is placed on .* of pool/, "a room placed in the wrong pool"],
  [/is placed on .* nothing new/, "a room placed on a server that is to get nothing new"],
  [/^no server for /, "no server though there is one"],
  [/past its deadline for draining/, "a server past its deadline is used"],
  [/before its deadline for draining/, "a server is closed before its deadline"],
  [/gives up its place on/, "a place is given up that somebody is on the way to"],
  [/is said to be empty/, "a server is said to be empty and is not"],
  [/is planned as /, "a plan is lost"],
  [/^the model is not consistent/, "a model is not consistent"],
  [/^the model counted wrong/, "a model has counted wrong"],
];

/** Says what went wrong, and the shortest way to see it again: as early as it was, with the kinds of faults that it takes. */
async function tell(outcome: Outcome, options: Lasting): Promise<void> {
  const { seconds, without } = options;
  const { seed } = outcome;
  let shortest = seconds;
  let left = [...without];
  let shown = outcome;
  const tryWith = async (time: number, kinds: FaultKind[]) => {
    const again = await worldOf(seed, { ...options, seconds: time, without: kinds });
    if (again.faults.length === 0) return;
    [shortest, left, shown] = [time, kinds, again];
  };
  for (const kind of FAULTS) if (!left.includes(kind)) await tryWith(shortest, [...left, kind]);
  if (shown.at !== undefined) await tryWith(Math.max(1, Math.ceil(shown.at / 1000)), left);
  for (const fault of shown.faults.slice(0, SHOWN)) console.log(`✗ seed ${seed}: ${fault}`);
  const rest = left.length === 0 ? "" : ` --without "${left.join()}"`;
  console.log(`  deno task simulate faults --seeds 1 --seed ${seed} --seconds ${shortest}${rest}`);
}

/** The first fault of each kind. */
function tellBriefly({ seed, faults }: Outcome, { seconds, without, gateways }: Lasting): void {
  const first = new Map([...faults].reverse().map((fault) => [kindOf(fault), fault]));
  for (const fault of first.values()) console.log(`✗ seed ${seed}: ${fault.split("\n")[0]}`);
  const rest = without.length === 0 ? "" : ` --without "${without.join()}"`;
  console.log(
    `  deno task simulate faults --seeds 1 --seed ${seed} --seconds ${seconds} --gateways ${gateways}${rest}`,
  );
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number of at least 1");
}

function kinds(text: string): FaultKind[] {
  return text.split(",").map((name) => {
    const kind = FAULTS.find((each) => each === name.trim());
    if (kind === undefined) throw new InvalidArgumentError(`expected some of ${FAULTS.join(", ")}`);
    return kind;
  });
}
