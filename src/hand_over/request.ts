import { connect, type Socket } from "node:net";
import { StartError } from "../start_error.ts";
import { linesOf, type Ports, textOf } from "./lines.ts";

/** The data folder and the ports of the process that ran here: it goes on with them unless `ready` is told. */
export interface HandedOver {
  readonly ports: Ports;
  /** This process answers now. */
  ready(): void;
  /** It does not get that far: the other one goes on. */
  failed(): void;
}

/** The other process has so long to finish what it is doing, in milliseconds. */
const RELEASED_WITHIN = 15_000;

/**
 * Asks the process that has the data folder to hand over.
 *
 * @returns nothing where none does
 * @throws {StartError} where it will not
 */
export async function requestHandOver(path: string, version: string): Promise<HandedOver | undefined> {
  const socket = await connected(path);
  if (socket === undefined) return undefined;
  socket.write(textOf({ takeOver: version }));
  const answer = await linesOf(socket, RELEASED_WITHIN)();
  if (answer !== undefined && "released" in answer) {
    return {
      ports: answer.released,
      ready: () => void socket.end(textOf({ ready: true })),
      failed: () => void socket.destroy(),
    };
  }
  socket.destroy();
  const reason = answer !== undefined && "refused" in answer ? answer.refused : "it gave no answer";
  throw new StartError(`--take-over: the gateway that runs does not hand over: ${reason}`);
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error: Error) => {
      if (/ENOENT|ECONNREFUSED|NotFound|No such file|refused/i.test(error.message)) resolve(undefined);
      else reject(new StartError(`--take-over: ${path}: ${error.message}`));
    });
  });
}
