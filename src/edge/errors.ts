/** JSON that is data, not code. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | {
  readonly [key: string]: JsonValue;
};

/**
 * Every cause for which a call or a request is refused: its code, of JSON-RPC 2.0 (§5.1) or the gateway's own, and the
 * status of an answer that refuses the whole request for it (RFC 9110 §15). The table of the docs is made of these.
 */
export const RpcErrors = {
  parseError: { code: -32700, http: 400, cause: "the body is not JSON" },
  invalidRequest: { code: -32600, http: 400, cause: "not a JSON-RPC 2.0 request, or not a way to send one" },
  noSuchPath: { code: -32600, http: 404, cause: "no such path" },
  notAllowed: { code: -32600, http: 405, cause: "not the HTTP method that the path takes" },
  tooSlow: { code: -32600, http: 408, cause: "the request was not sent in time" },
  bodyTooLong: { code: -32600, http: 413, cause: "the body is too long" },
  urlTooLong: { code: -32600, http: 414, cause: "the URL is too long" },
  encodedBody: { code: -32600, http: 415, cause: "the body is compressed" },
  unmetExpectation: { code: -32600, http: 417, cause: "`Expect` is not `100-continue`" },
  headerTooLong: { code: -32600, http: 431, cause: "a header is too long" },
  unknownCoding: { code: -32600, http: 501, cause: "`Transfer-Encoding` is not `chunked`" },
  methodNotFound: { code: -32601, http: 200, cause: "no such method, or the token's `sub` does not name it" },
  invalidParams: { code: -32602, http: 200, cause: "a param is missing or wrong; `data` says which and why" },
  internal: { code: -32603, http: 500, cause: "a fault of the gateway; its log has the details" },
  unauthorized: { code: -32000, http: 401, cause: "no, malformed, unverifiable or expired credentials" },
  forbidden: { code: -32001, http: 403, cause: "the token is valid, but not for this call or this room" },
  noServer: { code: -32002, http: 200, cause: "no server can take the room" },
  roomNotFound: { code: -32003, http: 200, cause: "no server hosts the room" },
  banned: { code: -32004, http: 200, cause: "the room, or the user in it, is banned" },
  peerLimit: { code: -32005, http: 200, cause: "the customer's licence allows no further peer" },
  roomLimit: { code: -32006, http: 200, cause: "the customer's licence allows no further room" },
  ridUnusable: { code: -32007, http: 200, cause: "the rooms of the `rid` claim cannot be joined together" },
  rateLimited: { code: -32008, http: 200, cause: "too many calls wait already; try again later" },
  tooManyGuesses: {
    code: -32008,
    http: 429,
    cause: "too many wrong passwords from this address; try again after `Retry-After` seconds",
  },
  unavailable: {
    code: -32009,
    http: 503,
    cause: "not ready; try again after `Retry-After` seconds",
  },
  overloaded: { code: -32009, http: 503, cause: "too much to do; try again after `Retry-After` seconds" },
  serverNotFound: { code: -32010, http: 200, cause: "no server of this address is known" },
  tooManyRequests: {
    code: -32011,
    http: 429,
    cause: "more requests than `rates` allow; try again after `Retry-After` seconds",
  },
  badConfiguration: {
    code: -32012,
    http: 200,
    cause: "the configuration on disk cannot be used; the one before stays in force",
  },
  notFound: { code: -32013, http: 200, cause: "no such ban or customer is known" },
  conflict: {
    code: -32014,
    http: 200,
    cause: "not as things are now; `message` says what has to be done before",
  },
  answerTooLong: {
    code: -32015,
    http: 200,
    cause: "too much for one answer to a batch; ask for less, or without a batch",
  },
} as const;

export type RpcErrorName = keyof typeof RpcErrors;

/** The error member of a JSON-RPC response. */
export interface RpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: JsonValue;
}

/** Why a call was refused: one of {@link RpcErrors}, and a short message for people, about the cause. */
export class RpcError extends Error {
  override readonly name = "RpcError";

  /** @param options the cause, for whoever debugs: it is never told to the caller */
  constructor(
    readonly kind: RpcErrorName,
    message: string,
    readonly data?: JsonValue,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The error member of a JSON-RPC response (§5.1). */
  toJSON(): RpcErrorObject {
    const { code } = RpcErrors[this.kind];
    return { code, message: this.message, ...(this.data === undefined ? {} : { data: this.data }) };
  }
}

/** What a call ends with whose changes the store did not take. */
export const NOT_DURABLE = new RpcError(
  "unavailable",
  "the gateway cannot write to its store; try again later",
);

/** What is put off while there is more to do than can be done in time. */
export const OVERLOADED = new RpcError("overloaded", "the gateway is overloaded; try again later");
