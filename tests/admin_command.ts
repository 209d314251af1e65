const PROJECT = new URL("..", import.meta.url).pathname;
/** What runs a command, with the permissions that it has. */
export const RUN = [
  "run",
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-env=ODIN_GATEWAY_URL,ODIN_GATEWAY_USER",
  "main.ts",
  "admin",
];

/** What a command has said, and what it ended with. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command as scripts do: without a terminal. @param into the file that its output goes to; if absent, it comes back */
export async function admin(
  args: readonly string[],
  env: Record<string, string> = {},
  into: string | undefined = undefined,
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(into === undefined ? Deno.execPath() : "sh", {
    args: [
      ...(into === undefined ? [] : ["-c", `exec "$0" "$@" > ${into}`, Deno.execPath()]),
      ...RUN,
      ...args,
    ],
    cwd: PROJECT,
    env,
    stdin: "null",
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}
