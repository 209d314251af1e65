import { RpcError } from "./errors.ts";

/**
 * The body of a request as text, or `undefined` where it is longer than the limit; the rest is then not read.
 *
 * @throws {RpcError} `invalidRequest` where the body breaks off
 */
export async function readBody(request: Request, limit: number): Promise<string | undefined> {
  try {
    const length = request.headers.get("content-length");
    if (length !== null) return Number(length) <= limit ? await request.text() : undefined;
    return request.body === null ? "" : await readStream(request.body, limit);
  } catch {
    throw new RpcError("invalidRequest", "the body broke off");
  }
}

async function readStream(stream: ReadableStream<Uint8Array>, limit: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > limit) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
