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
  readonly without: readonly FaultKind[];
}

/** Faults of a seed that are shown. */
const SHOWN = 3;

/** @throws {StartError} naming the option that is wrong */
export async function simulateFaults(args: readonly string[]): Promise<void> {
  const command = new Command("deno task simulate faults")
    .description("Lets the gateway live through mishaps in simulated time, and holds it to its promises.")
    .option("--seeds <number>", "how many worlds", wholeNumber, 20)
    .option("--seed <number>", "the first one", wholeNumber, 1)
    .option("--seconds <number>", "how long each lasts, in simulated time", wholeNumber, 120)
    .option("--without <kinds>", `faults that do not happen, some of: ${FAULTS.join(", ")}`, kinds, []);
  const print = parseCommand(command, args);
  if (print !== undefined) return console.log(print);
  const { seeds, seed: first, seconds, without } = command.opts<Options>();
  let [bad, connects, acknowledged, events] = [0, 0, 0, 0];
  for (let seed = first; seed < first + seeds; seed++) {
    const outcome = await worldOf(seed, seconds, without);
    connects += outcome.counts.connects;
    acknowledged += outcome.counts.acknowledged;
    events += outcome.events;
    if (outcome.faults.length === 0) continue;
    bad++;
    await tell(outcome, seconds, without);
  }
  console.log(
    `${seeds} worlds of ${seconds} s, ${events} events, ${connects} Connects, ${acknowledged} acknowledged calls: ` +
      `${bad} with faults`,
  );
  if (bad > 0) Deno.exitCode = 1;
}

function worldOf(seed: number, seconds: number, without: readonly FaultKind[]): Promise<Outcome> {
  return new World({ seed, span: seconds * 1000, without: new Set(without) }).run();
}

/** Says what went wrong, and the shortest way to see it again: as early as it was, with the kinds of faults that it takes. */
async function tell(outcome: Outcome, seconds: number, without: readonly FaultKind[]): Promise<void> {
  const { seed } = outcome;
  let shortest = seconds;
  let left = [...without];
  let shown = outcome;
  const tryWith = async (time: number, kinds: FaultKind[]) => {
    const again = await worldOf(seed, time, kinds);
    if (again.faults.length === 0) return;
    [shortest, left, shown] = [time, kinds, again];
  };
  for (const kind of FAULTS) if (!left.includes(kind)) await tryWith(shortest, [...left, kind]);
  if (shown.at !== undefined) await tryWith(Math.max(1, Math.ceil(shown.at / 1000)), left);
  for (const fault of shown.faults.slice(0, SHOWN)) console.log(`✗ seed ${seed}: ${fault}`);
  const options = left.length === 0 ? "" : ` --without "${left.join()}"`;
  console.log(`  deno task simulate faults --seeds 1 --seed ${seed} --seconds ${shortest}${options}`);
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
