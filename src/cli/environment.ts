/** A variable; undefined too where it may not be read, which is said once the log is there. */
export function fromEnvironment(variable: string): string | undefined {
  return mayRead(variable) ? Deno.env.get(variable) : undefined;
}

/** Whether the program is allowed to look at a variable. */
export function mayRead(variable: string): boolean {
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}
