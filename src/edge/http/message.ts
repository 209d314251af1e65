/**
 * What the edge knows of HTTP: a request and an answer as plain pieces, whichever listener they came through.
 *
 * @module
 */
import type { Connection } from "./connection.ts";

/** One request; its body is read when it is asked for. */
export interface HttpRequest {
  readonly method: string;
  /** The request target as it came (RFC 9112 §3.2). */
  readonly target: string;
  /** 1.0, 1.1 or 2.0. */
  readonly version: string;
  /** Values of `Host`, or of `:authority`; one in a request that is right. */
  readonly hosts: readonly string[];
  /** A header by its name in lower case; several of one name joined by commas. */
  header(name: string): string | undefined;
  /** The names of all headers, in lower case. */
  headerNames(): readonly string[];
  /** IP address that the request came from; IPv4 addresses as such, also on an IPv6 listener. */
  readonly caller: string;
  readonly connection: Connection;
  /** Whether the answer to this request has been written out entirely. */
  readonly sent: () => boolean;
  /** The body, piece by piece. Rejects where it breaks off. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What a request is answered with. */
export interface HttpAnswer {
  readonly status: number;
  /** JSON, unless a header says otherwise; bytes as they are sent; `null` where there is nothing to say. */
  readonly body: string | Uint8Array<ArrayBuffer> | null;
  /** Besides those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether pages of other sites must not read it; if absent, they may. */
  readonly ownSiteOnly?: boolean;
  /** Whether anybody gets such an answer, so that a success says nothing of who asked; if absent, not. */
  readonly toAnybody?: boolean;
  /** What the body consists of in place of `body`, where it goes on. */
  readonly stream?: Stream | undefined;
}

/** A body that goes on, piece by piece, until either side ends it. */
export interface Stream {
  /**
   * The header has gone out; pieces may follow.
   *
   * @param send sends a piece; a peer that leaves much unread is cut off
   * @param end ends the body in good order
   * @returns told once, when it has ended, whoever ended it
   */
  open(send: (piece: string) => void, end: () => void): () => void;
}

/** Answers one HTTP request. Never throws. */
export type Handler = (request: HttpRequest) => Promise<HttpAnswer>;
