import { RpcError } from "../errors.ts";
import type { HttpRequest } from "./message.ts";

/**
 * The body of a request, or `undefined` where it is longer than the limit; the rest is then not read.
 *
 * @throws {RpcError} `invalidRequest` where the body breaks off
 */
export async function readBody(request: HttpRequest, limit: number): Promise<Uint8Array | undefined> {
  const length = request.header("content-length");
  if (length !== undefined && Number(length) > limit) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body) {
      size += chunk.length;
      if (size > limit) return undefined;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new RpcError("invalidRequest", "the body broke off", undefined, { cause: error });
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size);
}
