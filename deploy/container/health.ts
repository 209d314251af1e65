/**
 * Whether the gateway in this container lives: asks its listener for operators, which is there without TLS and without
 * credentials. A program of its own, because the image has no curl.
 *
 * @module
 */
const [url = "http://127.0.0.1:7001/healthz"] = Deno.args;
try {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.body?.cancel();
  Deno.exit(response.ok ? 0 : 1);
} catch {
  Deno.exit(1);
}
