import { once } from "node:events";
import { Agent, type ClientRequest, request as httpRequest } from "node:http";
import { refusal, spelt } from "../edge/http/answer.ts";
import type { HttpAnswer, HttpRequest } from "../edge/http/message.ts";
import { RpcError } from "../edge/errors.ts";
import { CALLER, HOSTS, PLACE, type Place, VERSION } from "./passed.ts";
import type { Pass } from "./moving.ts";

/**
 * Headers that are about the connection they came on, not about the request (RFC 9110 §7.6.1), and those set anew. What
 * comes back is read as text, so nothing is to be compressed.
 */
const HOP = new Set([
  "accept-encoding",
  ...["connection", "keep-alive", "upgrade", "http2-settings", "transfer-encoding", "te", "trailer"],
  ...["content-length", "expect", "host", "proxy-connection", CALLER, HOSTS, PLACE, VERSION],
]);

/** A process that is not there yet is tried again after so many milliseconds, for so long. */
const RETRY = { after: 5, forAtMost: 10_000 };

/** Connections to the other process at a time; what is more waits its turn. */
const CONNECTIONS = 64;

/**
 * Passes requests on to whoever listens at the socket, which is the process that has the data folder.
 *
 * @param place the listener that they came to
 */
export function passTo(socketPath: string, place: Place): Pass {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  return async (request, read) => {
    const since = performance.now();
    while (true) {
      const attempt = new Attempt(request, read, place);
      try {
        const answer = await attempt.send(agent, socketPath);
        return place === "operations" ? { ...answer, ownSiteOnly: true } : answer;
      } catch (error) {
        // What the other process may have seen may have been carried out, and is not sent again.
        if (attempt.begun || performance.now() - since > RETRY.forAtMost) {
          const message = "the gateway was replaced meanwhile; try again";
          return refusal(new RpcError("unavailable", message, undefined, { cause: error }));
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY.after));
      }
    }
  };
}

/** One try to pass a request on. Its body goes through piece by piece, as fast as the other process takes it. */
class Attempt {
  /** Whether anything of it has been sent. */
  begun = false;

  /** @param read the body, where it was read already */
  constructor(
    readonly request: HttpRequest,
    readonly read: Uint8Array | undefined,
    readonly place: Place,
  ) {}

  send(agent: Agent, socketPath: string): Promise<HttpAnswer> {
    const { method, target: path } = this.request;
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        { agent, socketPath, method, path, headers: this.#headers() },
        (incoming) => {
          if (/^text\/event-stream/.test(incoming.headers["content-type"] ?? "")) {
            incoming.destroy(); // it goes on; one that ends at once lets a page come again, by a new connection
            return resolve({ status: 200, body: "", headers: ownHeaders(incoming.headers) });
          }
          const chunks: Uint8Array[] = [];
          incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            const { statusCode = 500, headers } = incoming;
            const text = Buffer.concat(chunks).toString();
            resolve({ status: statusCode, body: text === "" ? null : text, headers: ownHeaders(headers) });
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.on("socket", (socket) => {
        const begin = () => this.#sendBody(outgoing).catch(reject);
        if (socket.connecting) socket.once("connect", begin);
        else begin();
      });
    });
  }

  #headers(): Record<string, string> {
    const { request, read } = this;
    const headers: Record<string, string> = {
      [CALLER]: request.caller,
      [VERSION]: request.version,
      [HOSTS]: JSON.stringify(request.hosts),
      [PLACE]: this.place,
      host: "gateway",
    };
    const length = read === undefined ? request.header("content-length") : String(read.length);
    if (length !== undefined) headers["content-length"] = length;
    for (const name of request.headerNames()) {
      if (HOP.has(name) || name.startsWith(":")) continue;
      const value = request.header(name);
      if (value !== undefined) headers[name] = value;
    }
    return headers;
  }

  async #sendBody(outgoing: ClientRequest): Promise<void> {
    this.begun = true;
    if (this.read !== undefined) return void outgoing.end(this.read);
    try {
      for await (const chunk of this.request.body) {
        if (outgoing.destroyed) return;
        if (!outgoing.write(chunk)) await once(outgoing, "drain");
      }
    } catch {
      return void outgoing.destroy(); // it broke off, and so there is nobody to answer
    }
    outgoing.end();
  }
}

/** Headers of the answer that are its own, spelt as the listener spells them. */
function ownHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (HOP.has(name) || name === "date" || value === undefined) continue;
    own[spelt(name)] = String(value);
  }
  return own;
}
