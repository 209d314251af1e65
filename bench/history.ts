/**
 * What was measured before: `bench/history.jsonl`, a line for each run that somebody wanted to keep.
 *
 * @module
 */
import { cpus, hostname, loadavg } from "node:os";

/** Load of the machine, in busy cores, above which figures say more of what else ran than of the gateway. */
const QUIET = 0.5;

const FILE = new URL("./history.jsonl", import.meta.url);

/** Where and of what a run was made. */
export interface Circumstances {
  /** ISO 8601. */
  readonly date: string;
  /** What was measured; with `+` where files differed from the commit. */
  readonly commit: string;
  readonly machine: string;
  readonly cpu: string;
  readonly cores: number;
  /** Processes that ran or waited before the measurements, as a mean over a minute. */
  readonly load: number;
  readonly deno: string;
}

/** A figure that counts, and those that it is made of. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly figures: Readonly<Record<string, string>>;
}

/** To be asked before anything is measured, which makes the machine busy itself. */
export async function circumstances(): Promise<Circumstances> {
  const processors = cpus();
  const changed = (await git("status", "--porcelain", "--untracked-files=no")) !== "";
  return {
    date: new Date().toISOString(),
    commit: `${await git("rev-parse", "--short=12", "HEAD")}${changed ? "+" : ""}`,
    machine: hostname(),
    cpu: processors[0]?.model ?? "not known",
    cores: processors.length,
    load: Number(loadavg()[0]!.toFixed(2)),
    deno: Deno.version.deno,
  };
}

/** Why the figures of such a run are not worth keeping, if so. */
export function disturbance({ load }: Circumstances): string | undefined {
  return load <= QUIET
    ? undefined
    : `the machine was busy before the run (load ${load}, at most ${QUIET}): nothing is kept. ` +
      "Measure again when nothing else runs";
}

/** One run as a line of JSON, without the line's end. Values have three digits that count. */
export function historyLine(about: Circumstances, figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, figures }) => ({
    name,
    value: Number(value.toPrecision(3)),
    unit,
    figures,
  }));
  return JSON.stringify({ ...about, rows });
}

export function appendHistory(line: string, file: string | URL = FILE): void {
  Deno.writeTextFileSync(file, `${line}\n`, { append: true });
}

/** What git says, in one line; nothing outside a repository. */
async function git(...args: string[]): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args,
      cwd: new URL("..", import.meta.url),
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : "not known";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "not known";
    throw error;
  }
}
