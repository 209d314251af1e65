import assert from "node:assert/strict";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { listenForClients } from "./client_listener.ts";
import { call } from "../sim/rpc_client.ts";
import { SimulatedServer } from "../sim/server.ts";
import { TokenGenerator } from "@4players/odin-tokens";
import { newCertificate } from "./certificate.ts";

const certificate = await newCertificate();

async function startTls(folder: string, config: object = {}) {
  Deno.writeTextFileSync(`${folder}/cert.pem`, certificate.cert);
  Deno.writeTextFileSync(`${folder}/key.pem`, certificate.key);
  const files = { certFile: `${folder}/cert.pem`, keyFile: `${folder}/key.pem` };
  const https = { hostname: "localhost", port: 0, ...files };
  return await Program.start({
    config: configSource({ useSsl: true, https, startup: { waitForReports: false }, ...config }),
    folder,
  });
}

Deno.test("TLS: HTTP/1.1 and HTTP/2", async (t) => {
  using folder = new TemporaryFolder();
  const { accessKey, entry } = newCustomer("acme");
  await using program = await startTls(folder.path, { customers: [entry] });
  assert.match(program.url, /^https:\/\/localhost:\d+$/);
  for (const version of ["http1", "http2"] as const) {
    await t.step(version, async () => {
      const client = Deno.createHttpClient({
        caCerts: [certificate.cert],
        http1: version === "http1",
        http2: version === "http2",
      });
      const { tasks } = await call<{ tasks: unknown[] }>(`${program.url}/internal`, "sfu.Report", {
        public_endpoint: "sfu:4433",
        version: "1",
        load: 0,
        clients: 0,
        rooms: [],
      }, { client });
      assert.deepEqual(tasks, []);
      const token = new TokenGenerator(accessKey).createToken("r", "u");
      const { address } = await call<{ address: string }>(program.url, "Connect", {}, { token, client });
      assert.equal(address, "sfu:4433");
      client.close();
    });
  }
});

Deno.test("TLS: a key that is not the certificate's, and a file that is no certificate, are named", async () => {
  const other = await newCertificate();
  const wrong: [string, string, RegExp][] = [
    [
      certificate.cert,
      other.key,
      /https\.keyFile: .*key\.pem is not the key of the certificate in .*cert\.pem/,
    ],
    ["no certificate", other.key, /https\.certFile: expected a certificate in PEM; .*cert\.pem holds none/],
    [certificate.cert, "no key", /https\.keyFile: expected a private key in PEM; .*key\.pem holds none/],
  ];
  for (const [cert, key, message] of wrong) {
    using folder = new TemporaryFolder();
    Deno.writeTextFileSync(`${folder.path}/cert.pem`, cert);
    Deno.writeTextFileSync(`${folder.path}/key.pem`, key);
    const args = [
      "--ssl",
      "--certificate",
      `${folder.path}/cert.pem`,
      "--privatekey",
      `${folder.path}/key.pem`,
    ];
    await using program = new Program({ config: "export default {};", folder: folder.path, args });
    assert.equal((await program.status).code, 2);
    assert.match(program.output, message);
  }
});

/** What the web SDK does, in a process of its own that trusts the certificate. */
const SDK_CLIENT = `
import { OdinClient } from "npm:@4players/odin@0.16.0";
const [gateway, token] = Deno.args;
const room = await OdinClient.initRoom(token, gateway);
await room.join(new Uint8Array([1, 2, 3]));
console.log("JOINED", room.id, room.serverAddress, room.ownPeer.userId ?? "");
OdinClient.disconnect();
Deno.exit();
`;

Deno.test("the real web SDK gets through: gateway, then its room on the server", async () => {
  using folder = new TemporaryFolder();
  const { accessKey, entry } = newCustomer("acme");
  await using program = await startTls(folder.path, { customers: [entry] });
  const client = Deno.createHttpClient({ caCerts: [certificate.cert] });
  const gateway = `${program.url}/internal`;
  const server = await SimulatedServer.start({
    gateway,
    client,
    tls: { ...certificate, hostname: "localhost", listen: listenForClients },
  });
  try {
    const script = `${folder.path}/client.mjs`;
    Deno.writeTextFileSync(script, SDK_CLIENT);
    const token = new TokenGenerator(accessKey).createToken("lobby", "alice");
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-lock",
        "--allow-net=localhost",
        "--allow-read",
        "--allow-env",
        "--cert",
        `${folder.path}/cert.pem`,
        script,
        program.url,
        token,
      ],
      stdin: "null",
      signal: AbortSignal.timeout(30_000),
    }).output();
    const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.match(output, new RegExp(`JOINED lobby ${server.address}`), output);
  } finally {
    await server.stop();
    client.close();
  }
});

Deno.test("the server behind the SDK refuses tokens that are not for it", async () => {
  using folder = new TemporaryFolder();
  const { accessKey, entry } = newCustomer("acme");
  const config = configSource({ customers: [entry], startup: { waitForReports: false } });
  await using program = await Program.start({ config, folder: folder.path });
  const gateway = `${program.url}/internal`;
  const a = await SimulatedServer.start({ gateway, address: "a:1" });
  const b = await SimulatedServer.start({ gateway, address: "b:1" });
  try {
    const generator = new TokenGenerator(accessKey);
    const granted = await call<{ address: string; token: string }>(program.url, "Connect", {}, {
      token: generator.createToken("r", "u"),
    });
    const [right, wrong] = granted.address === "a:1" ? [a, b] : [b, a];
    right.hosting.join(right.hosting.verify(granted.token), "r", { user: "u" });
    assert.throws(() => wrong.hosting.verify(granted.token), /unknown key/);
    assert.throws(() => right.hosting.verify(generator.createToken("r", "u")), /unknown key/);
    await right.report();
    await call(program.url, "RoomClose", { room_id: "r", ban_time: 5 }, {
      token: generator.createToken("r", "backend", { subject: "RoomClose" }),
    });
    await right.report();
    assert.equal(right.hosting.rooms.size, 0);
    assert.throws(
      () => right.hosting.join(right.hosting.verify(granted.token), "r", { user: "u" }),
      /banned/,
    );
  } finally {
    await a.stop();
    await b.stop();
  }
});
