import type { CallOutcome } from "../ops/stats.ts";
import type { Refused } from "./refusal_observer.ts";

/** Who made a call. */
export interface Caller {
  /** IP address of whoever made the request, as far as proxies that are trusted say. */
  readonly address: string;
  /** Whether the call came by `/internal`. */
  readonly internal: boolean;
  /** Id of the key that the token is signed by, or name of the internal user; nothing where there are no users. */
  readonly by: string | undefined;
  /** The internal user's role; nothing where it may do everything, and for tokens. */
  readonly role: string | undefined;
  /** The token's customer; nothing for internal calls. */
  readonly customer: string | undefined;
  /** The first room of the token, with its namespace. */
  readonly room?: Refused["room"];
}

/** A call of a method that has ended. */
export interface EndedCall {
  readonly method: string;
  /** As they came: they may be anything. */
  readonly params: unknown;
  readonly caller: Caller;
  readonly outcome: CallOutcome;
  /** Why it did not succeed: an `RpcError`, or a fault of our own. */
  readonly error: unknown;
  /** From its reading to its result, in milliseconds. */
  readonly duration: number;
}

/** Told of every call of a method that there is, before its answer goes out. Must not throw. */
export type CallObserver = (call: EndedCall) => void;
