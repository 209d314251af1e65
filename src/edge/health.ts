import type { HttpAnswer } from "./http/message.ts";

/**
 * The answer to a question for health, without detail, for load balancers and whoever asks: `/healthz` says that the process
 * lives, `/readyz` whether it serves.
 *
 * @param serves whether nothing is missing that calls need
 * @returns nothing where it is no such question
 */
export function healthAnswer(method: string, path: string, serves: () => boolean): HttpAnswer | undefined {
  if (method !== "GET" && method !== "HEAD") return undefined;
  if (path === "/healthz") return status(true);
  return path === "/readyz" ? status(serves()) : undefined;
}

function status(good: boolean): HttpAnswer {
  const body = JSON.stringify({ status: good ? "ok" : "unavailable" });
  return { status: good ? 200 : 503, body, toAnybody: true };
}
