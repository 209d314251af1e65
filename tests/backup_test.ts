import assert from "node:assert/strict";
import { Program } from "../sim/program.ts";
import { startLoad } from "../sim/upgrades.ts";
import { refusedWith, TestGateway } from "./gateway.ts";
import { isInstalled } from "./programs.ts";

Deno.test({
  name:
    "a backup that is made while the gateway runs, as docs/operations.md says, brings bans and places back",
  ignore: !isInstalled("sqlite3"),
  async fn() {
    await using gateway = await TestGateway.start({ sfuConfig: { updateInterval: 0.2 } });
    const data = `${gateway.folder.path}/data`;
    const backup = `${gateway.folder.path}/backup`;
    Deno.mkdirSync(backup);
    await gateway.report("sfu-a:4433");
    const load = await startLoad({
      url: gateway.url,
      accessKey: gateway.accessKey,
      kept: 2,
      fresh: 0,
      pause: 5,
    });
    const server = (await gateway.connect("kept", "u")).address;
    await gateway.call("RoomBanClient", "kept", "backend", {
      room_id: "kept",
      user_id: "eve",
      ban_time: 3600,
    });
    const sqlite = await new Deno.Command("sqlite3", {
      args: [`${data}/gateway.db`, `.backup '${backup}/gateway.db'`],
    }).output();
    assert.ok(sqlite.success, new TextDecoder().decode(sqlite.stderr));
    const { failures } = await load.stop();
    assert.deepEqual(failures, [], "nobody is kept waiting, nor refused");
    const config = Deno.readTextFileSync(`${gateway.folder.path}/config.ts`);
    const before = Deno.readTextFileSync(`${data}/master.key`);
    await gateway.program.stop();
    Deno.removeSync(data, { recursive: true });
    Deno.mkdirSync(data);
    Deno.renameSync(`${backup}/gateway.db`, `${data}/gateway.db`);
    Deno.writeTextFileSync(`${data}/master.key`, before);
    gateway.program = await Program.start({ config, folder: gateway.folder.path });
    assert.doesNotMatch(gateway.program.output, /MASTER KEY IS ANOTHER|damaged/);
    await refusedWith(gateway.connect("kept", "eve"), -32004, /banned/);
    assert.equal((await gateway.connect("kept", "other")).address, server);
  },
});
