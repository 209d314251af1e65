import { messageOf } from "../error_message.ts";
import { log } from "../ops/log.ts";

/** What a service tells systemd (sd_notify(3)). */
type State = "READY=1" | "STOPPING=1" | "WATCHDOG=1" | `STATUS=${string}`;

/**
 * Tells systemd that the gateway is ready or stops, where it runs as a service of `Type=notify`, and that its event loop
 * goes round, where a watchdog wants to know. Anywhere else it does nothing.
 */
export class ServiceManager implements Disposable {
  readonly #manager: Deno.Addr | undefined;
  readonly #socket: Deno.DatagramConn | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  #failed = false;

  /** @param environment a variable, where there is one and it may be read */
  constructor(readonly environment: (variable: string) => string | undefined) {
    const path = environment("NOTIFY_SOCKET");
    if (path === undefined || path === "") return;
    try {
      // Names that begin with a zero byte are not in the file system: this one needs no file, and no permission to make one.
      this.#socket = Deno.listenDatagram({ transport: "unixpacket", path: `\0odin-gateway-${Deno.pid}` });
      this.#manager = { transport: "unixpacket", path: path.replace(/^@/, "\0") };
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The gateway answers; from now on the watchdog is told that it goes on. */
  ready(status: string): void {
    this.#tell(`STATUS=${status}`, "READY=1");
    const within = Number(this.environment("WATCHDOG_USEC") ?? 0) / 1000;
    if (this.#socket === undefined || !(within > 0)) return;
    this.#watchdog = setInterval(() => this.#tell("WATCHDOG=1"), within / 3);
  }

  stopping(): void {
    this.#tell("STOPPING=1");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watchdog);
    this.#socket?.close();
  }

  #tell(...states: State[]): void {
    if (this.#socket === undefined || this.#manager === undefined) return;
    this.#socket.send(new TextEncoder().encode(states.join("\n")), this.#manager).catch((error) =>
      this.#fail(error)
    );
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const message = messageOf(error);
    log.warning("systemd cannot be told how the gateway is doing (NOTIFY_SOCKET): {message}", { message });
  }
}
