/** Connections that a gateway takes by default, where the process may open so many files. */
const ENOUGH = 10_000;

/** File descriptors that are kept for all else, the operations listener's connections among them. */
const SPARE = 64 + 80;

/** Connections that are taken whatever the limit of the process is. */
const LEAST = 16;

let known: number | undefined;

/**
 * Connections to take by default: as many as leave room below the limit of open files. The limit itself cannot be asked for
 * with the permissions that the gateway runs with, so it is found by opening files up to it; once, and best before anybody
 * waits: it takes a while, and all file descriptors for a moment.
 */
export function defaultConnectionLimit(): number {
  return known ??= findLimit();
}

function findLimit(): number {
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < ENOUGH + SPARE) files.push(Deno.openSync("/dev/null", { read: true }));
  } catch (error) {
    // "Too many open files" has no class of its own; any other reason leaves us with what was found.
    if (files.length === 0 && !(error instanceof Error)) throw error;
  } finally {
    for (const file of files) file.close();
  }
  return files.length === 0 ? 1000 : Math.max(LEAST, files.length - SPARE);
}
