/**
 * Tells whether a file is still the one that it was: an open file goes on working when somebody removes or replaces it,
 * and what is written then is lost.
 */
export class FileWatch {
  #identity: string | undefined;

  /** @param path a file; one that is not there yet is taken as it appears */
  constructor(readonly path: string) {
    this.#identity = identityOf(path);
  }

  get unchanged(): boolean {
    const identity = identityOf(this.path);
    this.#identity ??= identity;
    return identity === this.#identity;
  }
}

function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
