/** Bytes at the beginning of a database, its log and a lock that stay as they are: each says there what it is. */
const BEGINNING = 4;

/**
 * Tells whether a file is still the one that it was, and whole: an open file goes on working when somebody removes, replaces
 * or truncates it, and what is written then is lost. The files of a database do not get shorter by themselves while it is
 * open; one that was cut and has grown again has nothing at its beginning.
 */
export class FileWatch {
  #identity: string | undefined;
  #size = 0;
  #beginning: string | undefined;

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
    if (this.#size < BEGINNING) return true;
    const beginning = beginningOf(this.path);
    this.#beginning ??= beginning;
    return beginning === undefined || beginning === this.#beginning;
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

/** Nothing where the file cannot be opened now, for lack of file descriptors perhaps. */
function beginningOf(path: string): string | undefined {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch {
    return undefined;
  }
  using opened = file;
  const bytes = new Uint8Array(BEGINNING);
  opened.readSync(bytes);
  return bytes.join();
}
