import type { Server } from "node:http";
import type { Http2SecureServer } from "node:http2";
import { connect } from "node:net";
import { CAN_SHARE } from "./shared_port.ts";
import { log } from "../../ops/log.ts";

/**
 * Makes sure that connections are accepted. Without a free file descriptor the runtime stops doing so for good and says
 * nothing (Deno 2.9.6), so now and then, where nobody else does, we connect to ourselves, and listen anew if that fails.
 */
export class AcceptWatch {
  #accepted = 0;
  #seen = -1;
  #checked = performance.now();
  #failed = -Infinity;

  /** @param full whether connections are dropped because there are too many */
  constructor(
    readonly server: Server | Http2SecureServer,
    readonly hostname: string,
    readonly full: () => boolean,
  ) {
    server.on("connection", () => this.#accepted++);
  }

  /** Whether connections were not accepted a moment ago. */
  get failed(): boolean {
    return performance.now() - this.#failed < 2 * CHECK_EVERY;
  }

  check(): void {
    const now = performance.now();
    if (now - this.#checked < CHECK_EVERY) return;
    this.#checked = now;
    const seen = this.#seen;
    this.#seen = this.#accepted;
    const address = this.server.address();
    if (seen !== this.#accepted || this.full() || address === null || typeof address === "string") return;
    const host = WILDCARDS[this.hostname] ?? this.hostname;
    const socket = connect({ port: address.port, host });
    const end = (accepted: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      if (!accepted && !this.full()) this.#reopen(address.port);
    };
    // The kernel takes connections that nobody accepts: only the listener's own count tells.
    const timer = setTimeout(() => end(this.#seen !== this.#accepted), ACCEPT_WITHIN);
    timer.unref();
    socket.on("error", () => {});
  }

  #reopen(port: number): void {
    this.#failed = performance.now();
    log.error("connections are not accepted, perhaps for lack of file descriptors: listening anew");
    this.server.close();
    this.server.listen({ port, host: this.hostname, reusePort: CAN_SHARE });
  }
}

/** How a listener on all addresses is reached from this machine. */
const WILDCARDS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** Interval of that check, and the time for the connection to be accepted, in milliseconds. */
const CHECK_EVERY = 2000;
const ACCEPT_WITHIN = 1000;
