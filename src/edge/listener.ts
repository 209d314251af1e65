import { createPrivateKey, X509Certificate } from "node:crypto";
import { ConfigError } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";
import { refusal } from "./answer.ts";
import { RpcError } from "./errors.ts";
import type { Handler } from "./handler.ts";

/** A listener that is up. */
export interface Listener {
  /** Where it listens, as a URL. */
  readonly url: string;
  /** Takes no further requests and finishes those under way, within so many milliseconds. */
  stop(within: number): Promise<void>;
}

/**
 * Listens for HTTP/1.1 and HTTP/2, plain or TLS.
 *
 * @throws {ConfigError} where the address or the certificate cannot be used
 */
export function listen(settings: Pick<Settings, "useSsl" | "http" | "https">, handler: Handler): Listener {
  const { hostname, port } = settings.useSsl ? settings.https : settings.http;
  const tls = settings.useSsl ? readCertificate(settings.https) : {};
  const aborter = new AbortController();
  let underWay = 0;
  const idle = Promise.withResolvers<void>();
  const ended = () => {
    if (--underWay === 0 && stopping) idle.resolve();
  };
  let stopping = false;
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      { hostname, port, ...tls, signal: aborter.signal, onListen: () => {} },
      (request, info) => {
        if (stopping) {
          return refusal(new RpcError("unavailable", "the gateway is stopping"), { Connection: "close" });
        }
        const answer = handler(request, () => info.remoteAddr.hostname);
        underWay++;
        answer.then(ended);
        return answer;
      },
    );
  } catch (error) {
    throw new ConfigError(`cannot listen on ${hostname} port ${port}: ${explain(error)}`);
  }
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return {
    url: `${settings.useSsl ? "https" : "http"}://${host}:${server.addr.port}`,
    async stop(within) {
      stopping = true;
      const late = setTimeout(() => aborter.abort(), within);
      // The runtime's own shutdown breaks off bodies that are still coming in, so it comes last.
      if (underWay > 0) await Promise.race([idle.promise, server.finished]);
      if (!aborter.signal.aborted) await server.shutdown();
      clearTimeout(late);
    },
  };
}

/** Certificate chain and key as PEM, checked so far that a mistake is named before anything listens. */
function readCertificate({ certFile, keyFile }: Settings["https"]): { cert: string; key: string } {
  const cert = readPem(certFile, "https.certFile");
  const key = readPem(keyFile, "https.keyFile");
  const certificate = parsePem(
    certFile,
    "https.certFile: expected a certificate in PEM",
    () => new X509Certificate(cert),
  );
  const privateKey = parsePem(
    keyFile,
    "https.keyFile: expected a private key in PEM",
    () => createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new ConfigError(`https.keyFile: ${keyFile} is not the key of the certificate in ${certFile}`);
  }
  return { cert, key };
}

function readPem(file: string, member: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    throw new ConfigError(`${member}: ${file} cannot be read: ${explain(error)}`);
  }
}

function parsePem<T>(file: string, expected: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new ConfigError(`${expected}; ${file} holds none`);
  }
}

function explain(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "the port is in use";
  if (error instanceof Deno.errors.NotFound) return "no such file";
  return error instanceof Error ? error.message.split("\n")[0]! : String(error);
}
