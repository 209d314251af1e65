import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Settings } from "../../config/schema.ts";
import { StartError } from "../../start_error.ts";

const DAY = 86_400_000;

/** A certificate that ends within so many days is worth a warning. */
export const ENDS_SOON_DAYS = 14;

/** From when until when a certificate is valid. */
export interface Validity {
  readonly begins: Date;
  readonly ends: Date;
}

/** Certificate chain and private key, as TLS takes them. */
export interface Pem {
  readonly cert: string;
  readonly key: string;
}

/** Where the certificate chain and its key are. */
export type CertificateFiles = Pick<Settings["https"], "certFile" | "keyFile">;

/**
 * Reads certificate chain and key, checked so far that a mistake is named before anything listens.
 *
 * @throws {StartError} naming the file that cannot be used
 */
export function readCertificate({ certFile, keyFile }: CertificateFiles): { pem: Pem; validity: Validity } {
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

/** Days until the certificate ends, below 0 once it has. @param now Unix time in milliseconds */
export function daysLeft({ ends }: Validity, now: number): number {
  return (ends.getTime() - now) / DAY;
}

/** What an operator has to do about a certificate, in words; nothing if it is fine. @param now Unix time in milliseconds */
export function concernAbout(validity: Validity, now: number): string | undefined {
  const { begins, ends } = validity;
  const left = daysLeft(validity, now);
  if (begins.getTime() > now) return `begins on ${begins.toISOString()}: clients refuse it until then`;
  if (left <= 0) return `HAS ENDED on ${ends.toISOString()}: renew it`;
  if (left <= ENDS_SOON_DAYS) return `ends in ${Math.floor(left)} days, on ${ends.toISOString()}: renew it`;
  return undefined;
}

/** What tells that a file was written or replaced; a link that points elsewhere now too. */
export function changeOf({ certFile, keyFile }: CertificateFiles): string {
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
    throw new StartError(`${member}: ${file} cannot be read: ${reason}`, { cause: error });
  }
}

function parsePem<T>(file: string, expected: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new StartError(`${expected}; ${file} holds none`, { cause: error });
  }
}
