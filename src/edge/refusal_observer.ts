import { RpcError, type RpcErrorName } from "./errors.ts";

/** A request or a call that was refused: the log, the metrics and whoever else wants to know are told the same. */
export interface Refused {
  /** What it was, for people: a method's name, "a request". */
  readonly call: string;
  /** The method, where it is known and there is one of that name. */
  readonly method: string | undefined;
  readonly kind: RpcErrorName;
  /** The cause, one of few: what is counted together in the log. */
  readonly cause: string;
  /** The cause in full. */
  readonly reason: string;
  /** IP address of whoever made the request, as far as proxies that are trusted say. */
  readonly address: string;
  /** Whether it was for the internal methods or to operations: no client and no backend of a customer's. */
  readonly internal: boolean;
  /** Whose token it came with, where that is genuine. */
  readonly customer: string | undefined;
  /** The room that it was for, where that is known. */
  readonly room?: { readonly namespace: string; readonly name: string | undefined } | undefined;
}

/** Told of everything that is refused, once. Must not throw. */
export type RefusalObserver = (refused: Refused) => void;

/** What there is to tell of an error that a call ended with; a fault of ours is told as `internal`. */
export function causeOf(error: unknown): Pick<Refused, "kind" | "cause" | "reason"> {
  const { kind, message } = error instanceof RpcError ? error : new RpcError("internal", "internal error");
  return { kind, cause: causeName(kind), reason: message };
}

/** `peerLimit` as `peer-limit`: the cause of an error in the log and in metrics. */
export function causeName(kind: RpcErrorName): string {
  return kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
