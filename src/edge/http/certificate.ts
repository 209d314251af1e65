import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Http2SecureServer } from "node:http2";
import { StartError } from "../../start_error.ts";
import type { Settings } from "../../config/schema.ts";
import { log } from "../../ops/log.ts";

/** Interval at which the files are looked at, and at which a certificate that ends soon is complained of, in milliseconds. */
const LOOK_EVERY = 5000;
const WARN_EVERY = 86_400_000;
const ENDS_SOON = 14 * 86_400_000;

interface Validity {
  readonly begins: Date;
  readonly ends: Date;
}

interface Pem {
  readonly cert: string;
  readonly key: string;
}

/** Certificate chain and key of the listener. Renewed files are served without a restart; broken ones are not taken. */
export class Certificate {
  readonly #files: Settings["https"];
  #pem: Pem;
  #changed: string;
  #looked = performance.now();
  #warned = -Infinity;
  #validity: Validity;

  /** @throws {StartError} naming the file that cannot be used */
  constructor(files: Settings["https"]) {
    this.#files = files;
    this.#changed = changeOf(files);
    const { pem, validity } = read(files);
    this.#pem = pem;
    this.#validity = validity;
    this.#warn();
  }

  get pem(): Pem {
    return this.#pem;
  }

  /** Takes renewed files over, and warns once a day of a certificate that ends soon. To be called now and then. */
  refresh(server: Http2SecureServer): void {
    const now = performance.now();
    if (now - this.#looked < LOOK_EVERY) return;
    this.#looked = now;
    this.#warn();
    const changed = changeOf(this.#files);
    if (changed === this.#changed) return;
    this.#changed = changed;
    try {
      const { pem, validity } = read(this.#files);
      if (pem.cert === this.#pem.cert && pem.key === this.#pem.key) return;
      (server as unknown as { setSecureContext(pem: Pem): void }).setSecureContext(pem); // missing in the types
      this.#pem = pem;
      this.#validity = validity;
      this.#warned = -Infinity;
      log.info("the renewed certificate is served from now on; it ends on {ends}", {
        ends: validity.ends.toISOString(),
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log.error("the renewed certificate cannot be used, the one before stays: {message}", { message });
    }
  }

  #warn(): void {
    if (performance.now() - this.#warned < WARN_EVERY) return;
    const { begins, ends } = this.#validity;
    const left = ends.getTime() - Date.now();
    const what = begins.getTime() > Date.now()
      ? `begins on ${begins.toISOString()}: clients refuse it until then`
      : left <= 0
      ? `HAS ENDED on ${ends.toISOString()}: renew it`
      : left <= ENDS_SOON
      ? `ends in ${Math.floor(left / WARN_EVERY)} days, on ${ends.toISOString()}: renew it`
      : undefined;
    if (what === undefined) return;
    this.#warned = performance.now();
    log.warning("THE CERTIFICATE in {certFile} {what}", { certFile: this.#files.certFile, what });
  }
}

/** Certificate chain and key as PEM, checked so far that a mistake is named before anything listens. */
function read({ certFile, keyFile }: Settings["https"]): { pem: Pem; validity: Validity } {
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
    throw new StartError(`https.keyFile: ${keyFile} is not the key of the certificate in ${certFile}`);
  }
  const validity = { begins: new Date(certificate.validFrom), ends: new Date(certificate.validTo) };
  return { pem: { cert, key }, validity };
}

/** What tells that a file was written or replaced; a link that points elsewhere now too. */
function changeOf({ certFile, keyFile }: Settings["https"]): string {
  return [certFile, keyFile].map((file) => {
    try {
      const { mtime, size, ino } = Deno.statSync(file);
      return `${mtime?.getTime()} ${size} ${ino}`;
    } catch (error) {
      return String(error);
    }
  }).join();
}

function readPem(file: string, member: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "no such file"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new StartError(`${member}: ${file} cannot be read: ${reason}`);
  }
}

function parsePem<T>(file: string, expected: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new StartError(`${expected}; ${file} holds none`, { cause: error });
  }
}
