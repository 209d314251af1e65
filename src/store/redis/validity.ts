import { connect } from "node:tls";
import { afterAll } from "./deadline.ts";
import { type Endpoint, nameOf, type Tls } from "./settings.ts";

/** How long Redis is asked for its certificate, in milliseconds. */
const WITHIN = 500;

/**
 * What is wrong with the time of a certificate that was not trusted, which TLS does not tell from one that somebody else has
 * signed; nothing where it is in time, or does not come. It is only looked at: nothing is sent.
 *
 * @param now unix time in milliseconds
 */
export async function concernAboutTime(at: Endpoint, tls: Tls, now: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect({ host: at.hostname, port: at.port, ...tls, rejectUnauthorized: false });
  const callOff = afterAll(WITHIN, () => resolve(undefined));
  socket.on("error", () => resolve(undefined));
  socket.on("secureConnect", () => {
    const { valid_from, valid_to } = socket.getPeerCertificate();
    const [begins, ends] = [Date.parse(valid_from), Date.parse(valid_to)];
    const what = ends <= now
      ? `has ended on ${new Date(ends).toISOString()}; renew it`
      : begins > now
      ? `begins on ${new Date(begins).toISOString()}; look at the clocks`
      : undefined;
    resolve(what && `Redis at ${nameOf(at)} has a certificate that ${what}`);
  });
  try {
    return await promise;
  } finally {
    callOff();
    socket.destroy();
  }
}
