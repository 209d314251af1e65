import assert from "node:assert/strict";
import { configSource, Program, TemporaryFolder } from "../sim/program.ts";

const PERMISSIONS = [
  ...["--no-prompt", "--allow-net", "--allow-read"],
  "--allow-env=ODIN_GATEWAY_MASTER_KEY,ODIN_GATEWAY_INTERNAL_USER,ODIN_GATEWAY_REDIS_PASSWORD,ODIN_GATEWAY_SENTINEL_PASSWORD,NOTIFY_SOCKET,WATCHDOG_USEC",
];

Deno.test("as a service of systemd it tells that it is ready, that it goes on, and that it stops", async () => {
  using folder = new TemporaryFolder();
  const path = `${folder.path}/notify`;
  const manager = Deno.listenDatagram({ transport: "unixpacket", path });
  const told = async () => new TextDecoder().decode((await manager.receive())[0]);
  await using program = new Program({
    config: configSource({ operations: { enabled: false } }),
    folder: folder.path,
    permissions: [...PERMISSIONS, `--allow-write=${folder.path}`],
    env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: "300000" },
  });
  assert.match(await told(), /^STATUS=listens on http:\/\/127\.0\.0\.1:\d+\nREADY=1$/);
  assert.equal(await told(), "WATCHDOG=1");
  program.kill("SIGTERM");
  let last = "WATCHDOG=1";
  while (last === "WATCHDOG=1") last = await told();
  assert.equal(last, "STOPPING=1");
  assert.equal((await program.status).code, 0);
  manager.close();
});

Deno.test("where systemd cannot be told, the gateway says so and runs all the same", async () => {
  using folder = new TemporaryFolder();
  await using program = await Program.start({
    config: configSource({ operations: { enabled: false } }),
    folder: folder.path,
    permissions: [...PERMISSIONS, `--allow-write=${folder.path}`],
    env: { NOTIFY_SOCKET: `${folder.path}/nobody` },
  });
  await program.printed(/systemd cannot be told how the gateway is doing/);
  assert.equal((await program.stop()).code, 0);
});
