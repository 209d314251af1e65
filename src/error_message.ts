/** What an error says; anything may be thrown, and what is no error is told as it is. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
