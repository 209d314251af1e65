import { signerOf } from "../sim/access_key.ts";

/** Distinct tokens for rooms of some clients each, as a file with one a line. */
export async function writeTokens(
  file: string,
  accessKey: string,
  { count, perRoom, prefix = "room" }: { count: number; perRoom: number; prefix?: string },
): Promise<string[]> {
  const sign = signerOf(accessKey);
  const tokens = Array.from({ length: count }, (_, i) => {
    return sign({ rid: `${prefix}-${Math.floor(i / perRoom)}`, uid: `user-${i}`, sub: "connect" });
  });
  await Deno.writeTextFile(file, tokens.join("\n"));
  return tokens;
}
