import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { generateAccessKey, loadAccessKey } from "@4players/odin-tokens";
import { join } from "node:path";
import { publicKey } from "../src/cli/token.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

/** A gateway in a process of its own, with one customer. */
export interface GatewayProcess {
  readonly url: string;
  readonly accessKey: string;
  stop(): Promise<void>;
}

/** Starts the program as an operator would, on a free port, with a data folder of its own below `folder`. */
export async function startGateway(folder: string, data = join(folder, "data")): Promise<GatewayProcess> {
  const accessKey = generateAccessKey();
  const config = join(folder, "config.ts");
  const customer = {
    id: "bench",
    maxPeers: "Infinity",
    maxRooms: "Infinity",
    accessKeys: [{ publicKey: { ...publicKey(accessKey), kty: "OKP", crv: "Ed25519" } }],
  };
  const customers = JSON.stringify([customer]).replaceAll('"Infinity"', "Infinity");
  await Deno.writeTextFile(
    config,
    `export default { http: { hostname: "127.0.0.1", port: 0 }, logFormat: "json", customers: ${customers}, ` +
      `sfuConfig: { disableTimeout: 3600, removeTimeout: 3600 } };`,
  );
  const args = ["run", "--no-prompt", "--allow-net", "--allow-read", `--allow-write=${folder}`];
  const environment = "--allow-env=ODIN_GATEWAY_MASTER_KEY,ODIN_GATEWAY_INTERNAL_USER";
  const process = new Deno.Command(Deno.execPath(), {
    args: [...args, environment, "main.ts", "--config", config, "--data", data],
    cwd: PROJECT,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const url = await listeningUrl(process.stdout);
  return {
    url,
    accessKey,
    async stop() {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

/** Reads the log until it says where the gateway listens; the rest of the log is read and thrown away. */
async function listeningUrl(stdout: ReadableStream<Uint8Array>): Promise<string> {
  const url = Promise.withResolvers<string>();
  let text = "";
  stdout.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({
      write(chunk) {
        if (text === "found") return;
        text += chunk;
        const [, found] = /listens on \W*(https?:\/\/[\w.:\[\]]+)/.exec(text) ?? [];
        if (found === undefined) return;
        text = "found";
        url.resolve(found);
      },
      close: () => url.reject(new Error(`the gateway did not start: ${text}`)),
    }),
  );
  return await url.promise;
}

/** Distinct tokens for rooms of some clients each, as a file with one a line. */
export async function writeTokens(
  file: string,
  accessKey: string,
  { count, perRoom, prefix = "room" }: { count: number; perRoom: number; prefix?: string },
): Promise<string[]> {
  const { kid, privateKey } = signingKey(accessKey);
  const now = Math.floor(Date.now() / 1000);
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const tokens = Array.from({ length: count }, (_, i) => {
    const rid = `${prefix}-${Math.floor(i / perRoom)}`;
    const claims = { rid, uid: `user-${i}`, sub: "connect", exp: now + 86400, nbf: now };
    const body = `${encode({ alg: "EdDSA", kid })}.${encode(claims)}`;
    return `${body}.${sign(null, Buffer.from(body), privateKey).toString("base64url")}`;
  });
  await Deno.writeTextFile(file, tokens.join("\n"));
  return tokens;
}

/** The key pair of an access key, for the runtime's own crypto: tokens by the thousand take the library minutes. */
export function signingKey(accessKey: string): { kid: string; privateKey: KeyObject; publicKey: KeyObject } {
  const { kid, x } = publicKey(accessKey);
  const d = Buffer.from(loadAccessKey(accessKey).secretKey.slice(0, 32)).toString("base64url");
  const jwk = { kty: "OKP", crv: "Ed25519", x };
  return {
    kid,
    privateKey: createPrivateKey({ key: { ...jwk, d }, format: "jwk" }),
    publicKey: createPublicKey({ key: jwk, format: "jwk" }),
  };
}
