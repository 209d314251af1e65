/**
 * Tells whether a file is still the one that it was, and whole: an open file goes on working when somebody removes, replaces
 * or truncates it, and what is written then is lost. The files of a database do not get shorter by themselves while it is
 * open.
 */
export class FileWatch {
  #identity: string | undefined;
  #size = 0;

  /** @param path a file; one that is not there yet is taken as it appears */
  constructor(readonly path: string) {
    void this.unchanged;
  }

  get unchanged(): boolean {
    const file = statOf(this.path);
    const identity = file && `${file.dev}:${file.ino}`;
    this.#identity ??= identity;
    if (identity !== this.#identity || (file?.size ?? 0) < this.#size) return false;
    this.#size = file?.size ?? 0;
    return true;
  }
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
