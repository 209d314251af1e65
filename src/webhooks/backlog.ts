/** An event on its way to one receiver. */
export interface Message {
  /** Its place in the order of all; unique. */
  readonly sequence: number;
  readonly id: string;
  /** Messages of one order are delivered one after the other. */
  readonly order: string;
  /** What is sent, as text. */
  readonly body: string;
  /** When it happened, unix time in milliseconds. */
  readonly created: number;
}

/** Messages of one order that wait; the first may be on its way. */
interface Line {
  readonly order: string;
  readonly messages: Message[];
  /** Attempts that have failed for the first of them. */
  attempts: number;
  busy: boolean;
}

/** How many may wait, and their length altogether, in characters. */
export interface Bound {
  readonly messages: number;
  readonly length: number;
}

/**
 * What waits for one receiver: the messages of each order in a line of their own, so that one that cannot be delivered
 * keeps only its own line waiting. Bounded; the oldest that is not on its way makes room.
 */
export class Backlog {
  readonly #bound: Bound;
  readonly #messages = new Map<number, Message>();
  readonly #lines = new Map<string, Line>();
  /** Lines whose first message may be sent, those first that have waited longest. */
  readonly #ready = new Set<Line>();
  #length = 0;

  constructor(bound: Bound) {
    this.#bound = bound;
  }

  get size(): number {
    return this.#messages.size;
  }

  /** Length of all bodies, in characters. */
  get length(): number {
    return this.#length;
  }

  /** When the oldest happened. */
  get oldest(): number | undefined {
    return this.#messages.values().next().value?.created;
  }

  /** @returns what made room for it, itself if there is none to be had */
  add(message: Message): Message[] {
    const dropped: Message[] = [];
    const full = () =>
      this.size >= this.#bound.messages || this.#length + message.body.length > this.#bound.length;
    while (full()) {
      const oldest = this.#oldestIdle();
      if (oldest === undefined) return [...dropped, message];
      this.#drop(oldest);
      dropped.push(oldest);
    }
    this.#messages.set(message.sequence, message);
    this.#length += message.body.length;
    let line = this.#lines.get(message.order);
    if (line === undefined) {
      line = { order: message.order, messages: [], attempts: 0, busy: false };
      this.#lines.set(message.order, line);
      this.#ready.add(line);
    }
    line.messages.push(message);
    return dropped;
  }

  /** The next message to send; its line waits until it is told what became of it. */
  take(): Message | undefined {
    const line = this.#ready.values().next().value;
    if (line === undefined) return undefined;
    this.#ready.delete(line);
    line.busy = true;
    return line.messages[0];
  }

  /** A message that was taken is done with. */
  done(message: Message): void {
    const line = this.#lines.get(message.order);
    if (line?.messages[0] !== message) return;
    line.busy = false;
    line.attempts = 0;
    this.#remove(line, message);
    if (line.messages.length > 0) this.#ready.add(line);
  }

  /** A message that was taken was not delivered. @returns how often that was so; it is not given out again before `again` */
  failed(message: Message): number {
    const line = this.#lines.get(message.order);
    return line === undefined ? 1 : ++line.attempts;
  }

  /** A message that was not delivered may be sent again. */
  again({ order }: Message): void {
    const line = this.#lines.get(order);
    if (line === undefined) return;
    line.busy = false;
    this.#ready.add(line);
  }

  /** Takes out those that happened before, but for what is on its way. */
  takeOlderThan(created: number): Message[] {
    const old: Message[] = [];
    for (const message of this.#messages.values()) {
      if (message.created >= created) break;
      if (this.#isIdle(message)) old.push(message);
    }
    old.forEach((message) => this.#drop(message));
    return old;
  }

  /** Takes out all. */
  clear(): Message[] {
    const all = [...this.#messages.values()];
    this.#messages.clear();
    this.#lines.clear();
    this.#ready.clear();
    this.#length = 0;
    return all;
  }

  /** Bounded by the messages that are on their way or wait for another attempt, which stand in front of it. */
  #oldestIdle(): Message | undefined {
    for (const message of this.#messages.values()) {
      if (this.#isIdle(message)) return message;
    }
    return undefined;
  }

  /** Whether it is neither on its way nor waits for another attempt. */
  #isIdle(message: Message): boolean {
    const { busy, messages } = this.#lines.get(message.order)!;
    return !busy || messages[0] !== message;
  }

  #drop(message: Message): void {
    const line = this.#lines.get(message.order)!;
    if (line.messages[0] === message) line.attempts = 0;
    this.#remove(line, message);
  }

  #remove(line: Line, message: Message): void {
    line.messages.splice(line.messages.indexOf(message), 1);
    if (line.messages.length === 0) {
      this.#lines.delete(line.order);
      this.#ready.delete(line);
    }
    this.#messages.delete(message.sequence);
    this.#length -= message.body.length;
  }
}
