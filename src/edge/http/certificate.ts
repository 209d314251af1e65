import type { Http2SecureServer } from "node:http2";
import { messageOf } from "../../error_message.ts";
import { log } from "../../ops/log.ts";
import {
  type CertificateFiles,
  changeOf,
  concernAbout,
  daysLeft,
  type Pem,
  readCertificate,
  type Validity,
} from "./certificate_files.ts";

/** Interval at which the files are looked at, and at which a certificate that ends soon is complained of, in milliseconds. */
const LOOK_EVERY = 5000;
const WARN_EVERY = 86_400_000;

/** Certificate chain and key of the listener. Renewed files are served without a restart; broken ones are not taken. */
export class Certificate {
  #files: CertificateFiles;
  #pem: Pem;
  #changed: string;
  #looked = performance.now();
  #warned = -Infinity;
  #validity: Validity;

  /** @throws {StartError} naming the file that cannot be used */
  constructor(files: CertificateFiles) {
    this.#files = files;
    this.#changed = changeOf(files);
    const { pem, validity } = readCertificate(files);
    this.#pem = pem;
    this.#validity = validity;
    this.#warn();
  }

  get pem(): Pem {
    return this.#pem;
  }

  /** Days until the certificate that is served ends, below 0 once it has. @param now Unix time in milliseconds */
  daysLeft(now: number): number {
    return daysLeft(this.#validity, now);
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
      this.#serve(server, readCertificate(this.#files));
    } catch (error) {
      const message = messageOf(error);
      log.error("the renewed certificate cannot be used, the one before stays: {message}", { message });
    }
  }

  /**
   * Reads these files, to be served once the answer is called.
   *
   * @throws {StartError} naming the file that cannot be used
   */
  prepare(files: CertificateFiles): (server: Http2SecureServer) => void {
    const changed = changeOf(files);
    const read = readCertificate(files);
    return (server) => {
      this.#files = files;
      this.#changed = changed;
      this.#serve(server, read);
    };
  }

  #serve(server: Http2SecureServer, { pem, validity }: { pem: Pem; validity: Validity }): void {
    if (pem.cert === this.#pem.cert && pem.key === this.#pem.key) return;
    (server as unknown as { setSecureContext(pem: Pem): void }).setSecureContext(pem); // missing in the types
    this.#pem = pem;
    this.#validity = validity;
    this.#warned = -Infinity;
    log.info("the renewed certificate is served from now on; it ends on {ends}", {
      ends: validity.ends.toISOString(),
    });
    this.#warn();
  }

  #warn(): void {
    if (performance.now() - this.#warned < WARN_EVERY) return;
    const concern = concernAbout(this.#validity, Date.now());
    if (concern === undefined) return;
    this.#warned = performance.now();
    log.warning("THE CERTIFICATE in {certFile} {concern}", { certFile: this.#files.certFile, concern });
  }
}
