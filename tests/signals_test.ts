import assert from "node:assert/strict";
import { configSource, Program, TemporaryFolder } from "../sim/program.ts";
import { newCertificate } from "./certificate.ts";
import { TestGateway } from "./gateway.ts";

const IGNORED = [
  ...[
    "SIGUSR1",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGVTALRM",
    "SIGPROF",
    "SIGIO",
    "SIGPWR",
    "SIGSTKFLT",
  ],
  ...["SIGXCPU", "SIGXFSZ"],
] as Deno.Signal[];

Deno.test("no signal but those that ask it to stop ends the gateway", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:4433");
  for (const signal of IGNORED) {
    gateway.program.kill(signal);
    await gateway.program.printed(new RegExp(`${signal} is ignored`));
    assert.equal((await gateway.connect("r", "u")).address, "sfu:4433");
  }
  assert.equal((await gateway.program.stop()).code, 0);
});

Deno.test("SIGQUIT stops the gateway as SIGTERM does", async () => {
  await using gateway = await TestGateway.start();
  assert.equal((await gateway.program.stop("SIGQUIT")).code, 0);
  assert.match(gateway.program.output, /stopped/);
});

Deno.test("a second SIGTERM does not break off what the first lets finish", async () => {
  await using gateway = await TestGateway.start();
  const { hostname, port } = new URL(gateway.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const token = gateway.tokens.createToken("r", "u");
  await connection.write(new TextEncoder().encode(
    `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 10\r\n\r\n{`,
  ));
  await new Promise((resolve) => setTimeout(resolve, 100));
  gateway.program.kill("SIGTERM");
  await gateway.program.printed(/finishing the requests/);
  gateway.program.kill("SIGTERM");
  await gateway.program.printed(/stopping already/);
  assert.equal((await gateway.program.status).code, 0);
});

const DAY = 86_400_000;
const validities: [string, number, number, RegExp | undefined][] = [
  ["has ended", -20, -1, /THE CERTIFICATE in .* HAS ENDED/],
  ["ends within 14 days", -20, 13.5, /ends in 13 days, .*: renew it/],
  ["begins later", 2, 400, /begins .*: clients refuse it until then/],
  ["is good for long", -20, 15, undefined],
];
for (const [what, from, to, warning] of validities) {
  Deno.test(`a certificate that ${what} is ${warning ? "a warning" : "nothing to talk about"} at the start`, async () => {
    using folder = new TemporaryFolder();
    const now = Date.now();
    const { cert, key } = await newCertificate({
      notBeforeDate: new Date(now + from * DAY),
      notAfterDate: new Date(now + to * DAY),
    });
    Deno.writeTextFileSync(`${folder.path}/cert.pem`, cert);
    Deno.writeTextFileSync(`${folder.path}/key.pem`, key);
    await using program = await Program.start({
      folder: folder.path,
      config: configSource({
        useSsl: true,
        https: {
          hostname: "127.0.0.1",
          port: 0,
          certFile: `${folder.path}/cert.pem`,
          keyFile: `${folder.path}/key.pem`,
        },
      }),
    });
    await program.stop();
    if (warning !== undefined) assert.match(program.output, warning);
    else assert.doesNotMatch(program.output, /certificate in/i);
  });
}
