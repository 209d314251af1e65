/**
 * Assertions on what the model keeps count of. A count that comes to what cannot be is a fault of the fleet's own code: it
 * is told once, with what led to it, and put right, so that one fault does not become many.
 *
 * @module
 */
import type { Address } from "../ids.ts";
import type { KeptCount, Miscount } from "../miscount.ts";

/** Whose count it is. */
type Subject =
  | string
  | { readonly address: Address }
  | { readonly customer: string }
  | { readonly namespace: { readonly name: string }; readonly name: string };

/** Functions of the trail that are told. */
const TRAIL = 8;

/** The miscounts of one model. Bounded: each count is told once in the model's life. */
export class Miscounts {
  readonly #found = new Map<KeptCount, Miscount>();
  #untold: Miscount[] = [];

  /** The value, if a count can have it; else it is told, and zero stands for it. */
  notNegative(count: KeptCount, value: number, subject: Subject, happening: string): number {
    if (value >= 0) return value;
    this.tell(count, value, subject, happening);
    return 0;
  }

  /** Tells of a value that cannot be; whoever calls puts it right. */
  tell(count: KeptCount, value: number, subject: Subject, happening: string): void {
    if (this.#found.has(count)) return;
    const miscount = { count, value, what: `${nameOf(subject)}: ${happening}`, trail: trail() };
    this.#found.set(count, miscount);
    this.#untold.push(miscount);
  }

  /** All that was ever wrong. */
  get found(): readonly Miscount[] {
    return [...this.#found.values()];
  }

  /** What was wrong since this was last asked. */
  take(): readonly Miscount[] {
    const untold = this.#untold;
    if (untold.length > 0) this.#untold = [];
    return untold;
  }
}

function nameOf(subject: Subject): string {
  if (typeof subject === "string") return subject;
  if ("address" in subject) return `server ${subject.address}`;
  if ("customer" in subject) return `customer ${subject.customer}`;
  return `${subject.namespace.name}/${subject.name}`;
}

/** Names of the functions that are running, without those of this file. */
function trail(): string {
  const frames = (new Error().stack ?? "").matchAll(/^\s*at (?:async )?(?:new )?([\w.#<>$]+) \((.*)\)$/gm);
  const outside = [...frames].filter(([, , place]) => !place!.includes("/miscounts.ts:"));
  return outside.slice(0, TRAIL).map(([, name]) => name).join(" ← ");
}
