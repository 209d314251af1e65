import { removeIfThere } from "../remove_if_there.ts";
import { once } from "node:events";
import type { Server } from "node:net";
import { relative, resolve } from "node:path";

/** Longest path of a Unix socket, in bytes (`sun_path` of Linux, less the zero at its end). */
const LONGEST = 107;

/** Where the two processes meet. */
export interface Sockets {
  /** For the process that takes over. */
  readonly control: string;
  /** For requests that reached a process which has handed over: always of the one that has the data folder. */
  readonly requests: string;
}

/** The sockets of a data folder; nothing where its path is too long for a socket. */
export function socketsIn(folder: string): Sockets | undefined {
  const control = shortest(resolve(folder, "take-over.sock"));
  const requests = shortest(resolve(folder, "requests.sock"));
  return control === undefined || requests === undefined ? undefined : { control, requests };
}

/** The path, or what it is from here if that is shorter. */
function shortest(path: string): string | undefined {
  const here = relative(Deno.cwd(), path);
  return [path, here].find((each) => new TextEncoder().encode(each).length <= LONGEST);
}

/**
 * Lets a server listen at a socket that its owner alone reaches, in the place of one that a process has left behind or that
 * is to be replaced.
 *
 * @returns how to stop; only a process that has not handed over may, since that removes the socket
 * @throws where there can be no such socket
 */
export async function listenAt(server: Server, path: string): Promise<() => void> {
  removeIfThere(path);
  server.listen(path);
  await once(server, "listening"); // rejects where it comes to an error before
  const stop = () => void server.close();
  try {
    Deno.chmodSync(path, 0o600);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}
