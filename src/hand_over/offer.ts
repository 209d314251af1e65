import { createServer, type Socket } from "node:net";
import { log } from "../ops/log.ts";
import { type Line, linesOf, LONGEST, type Released, textOf } from "./lines.ts";
import { listenAt } from "./sockets.ts";

/** The process that runs, as far as it can be replaced. */
export interface Replaceable {
  /**
   * From now on notes what changes in the data folder, which has all that was before.
   *
   * @returns why it cannot, if so
   */
  prepare(): Promise<string | undefined>;
  /** Notes nothing any more. */
  forget(): void;
  /**
   * Lets requests wait and gives up the data folder.
   *
   * @returns what the other process gets, or why it gets nothing
   */
  release(): Promise<Released | string>;
  /** Takes the data folder back and goes on, since the other process did not get ready. */
  resume(): Promise<void>;
  /** Passes on what waits and what comes, and ends once nobody is connected any more. */
  leave(): void;
}

/** The process that takes over has so long to ask, to read what is there, and to get ready, in milliseconds. */
const WITHIN = { asked: 30_000, read: 120_000, ready: 30_000 };

/**
 * Lets another process take over, one at a time.
 *
 * @returns how to stop, as of {@link listenAt}
 * @throws where there can be no such socket
 */
export async function offerHandOver(path: string, process: Replaceable): Promise<() => void> {
  let busy = false;
  const server = createServer((socket) => {
    if (busy) return void socket.end(textOf({ refused: "another process is taking over already" }));
    busy = true;
    handOver(socket, process).catch(async (error) => {
      log.error("handing over failed, this process goes on: {error}", { error });
      socket.destroy();
      await process.resume();
    }).finally(() => {
      process.forget();
      busy = false;
    });
  });
  return await listenAt(server, path);
}

async function handOver(socket: Socket, process: Replaceable): Promise<void> {
  const lines = linesOf(socket, LONGEST.asked);
  const say = (line: Line) => void socket.write(textOf(line));
  const refuse = (reason: string) => {
    log.error("nothing is handed over: {reason}", { reason });
    socket.end(textOf({ refused: reason }));
  };
  let asked = await lines(WITHIN.asked);
  if (asked !== undefined && "prepare" in asked) {
    log.info("a process of version {version} reads the data folder, to take over", {
      version: asked.prepare,
    });
    const reason = await process.prepare();
    if (reason !== undefined) return refuse(reason);
    say({ prepared: true });
    asked = await lines(WITHIN.read);
  }
  if (asked === undefined || !("takeOver" in asked)) return void socket.destroy();
  log.info("a process of version {version} takes over: requests wait", { version: asked.takeOver });
  const since = performance.now();
  const released = await process.release();
  if (typeof released === "string") return refuse(released);
  say(released);
  const answer = await lines(WITHIN.ready);
  const milliseconds = Math.round(performance.now() - since);
  socket.destroy();
  if (answer !== undefined && "ready" in answer) {
    log.info(
      "handed over: requests waited for {milliseconds} ms. What is still connected is served by the other process",
      {
        milliseconds,
      },
    );
    return process.leave();
  }
  await process.resume();
  log.error("the other process did not get ready: this one goes on, after {milliseconds} ms", {
    milliseconds,
  });
}
