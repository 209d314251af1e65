import type { StoreError } from "./port.ts";

/** A message that is to be sent to somebody, and outlives the process. */
export interface StoredMessage {
  /** Its place in the order of all; unique. */
  readonly sequence: number;
  /** Whom it is for. */
  readonly receiver: string;
  readonly id: string;
  /** Messages of one order are sent one after the other. */
  readonly order: string;
  readonly body: string;
  /** When it was made, unix time in milliseconds. */
  readonly created: number;
}

/**
 * Where messages are kept until they have been sent. Nothing waits for it: what is added or removed is durable within 100 ms
 * (it survives the end of the process), or later while it cannot be written; whoever adds and removes keeps the messages
 * anyway, and bounds them.
 */
export interface Outbox {
  /** All that is kept, in order. @throws {StoreError} where it cannot be read; then it is closed */
  load(): StoredMessage[];
  add(message: StoredMessage): void;
  remove(sequence: number): void;
  /** Writes what is waiting, and closes. */
  close(): void;
}

/** Told when messages cannot be kept any more, once, and when they can be again. */
export interface OutboxEvents {
  failed(error: StoreError): void;
  recovered(): void;
}

/** Keeps nothing: what has not been sent ends with the process. */
export const NO_OUTBOX: Outbox = { load: () => [], add: () => {}, remove: () => {}, close: () => {} };
