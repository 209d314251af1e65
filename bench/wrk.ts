/** What a load of Connects came to. */
export interface Load {
  readonly seconds: number;
  /** Connects that were answered with a token. */
  readonly granted: number;
  /** Everything else. */
  readonly refused: number;
  /** Latencies in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** The load generator, for the output. */
export async function wrkVersion(): Promise<string> {
  try {
    const { stdout, stderr } = await new Deno.Command("wrk", { args: ["--version"] }).output();
    const [line = "wrk"] = new TextDecoder().decode(stdout.length > 0 ? stdout : stderr).split("\n");
    return line.replace(/ Copyright.*/, "");
  } catch {
    throw new Error("the bench needs wrk as load generator: apt-get install wrk");
  }
}

/**
 * Sends Connects from a process of its own, on one thread.
 *
 * @param tokens file with a token a line
 * @param load `forwarded`: as a proxy would pass them on, from many addresses
 */
export async function wrk(
  url: string,
  tokens: string,
  { seconds, connections, forwarded = false }: { seconds: number; connections: number; forwarded?: boolean },
): Promise<Load> {
  const script = new URL("./connect.lua", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command("wrk", {
    args: ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, `${url}/`],
    env: { TOKENS: tokens, ...(forwarded ? { FORWARDED: "1" } : {}) },
  }).output();
  const text = new TextDecoder().decode(stdout);
  const [, result] = /^RESULT (.*)$/m.exec(text) ?? [];
  if (result === undefined) throw new Error(`wrk failed: ${text}${new TextDecoder().decode(stderr)}`);
  return JSON.parse(result);
}
