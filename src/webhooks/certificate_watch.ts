import type { GatewayEvent } from "./event.ts";

/** Days before its end at which a certificate is told of; a renewed one that has more is told of anew. */
const TOLD_AT = [14, 3, 0] as const;

/** Notices that the certificate ends. */
export class CertificateWatch {
  /** The least of {@link TOLD_AT} that has been told. */
  #told = Infinity;

  /** @param daysLeft until it ends; nothing without TLS */
  look(daysLeft: number | undefined): GatewayEvent | undefined {
    if (daysLeft === undefined) return undefined;
    const reached = TOLD_AT.findLast((days) => daysLeft <= days) ?? Infinity;
    const isNews = reached < this.#told;
    this.#told = reached;
    if (!isNews) return undefined;
    const data = { daysLeft: Math.floor(daysLeft) };
    return { name: "certificate.ending", subject: "certificate", order: "certificate", data };
  }
}
