import assert from "node:assert/strict";
import { refusedWith, sleep, TestGateway } from "./gateway.ts";

Deno.test("management calls become tasks for the room's server, in order, handed over once", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:4433", [{ name: "r", peers: 2 }]);
  await gateway.call("RoomUpdate", "r", "backend", { room_id: "r", user_data: [1, 2, 3] });
  await gateway.call("RoomSendMessage", "r", "backend", { room_id: "r", user_id: "u", message: [104, 105] });
  await gateway.call("RoomBanClient", "r", "backend", { room_id: "r", user_id: "u" });
  await gateway.call("RoomClose", "r", "backend", { room_id: "r", ban_time: 10.5 });
  assert.deepEqual(await gateway.report("sfu:4433", [{ name: "r", peers: 2 }]), [
    { task: "RoomUpdate", id: ["acme", "r"], user_data: [1, 2, 3] },
    { task: "RoomSendMessage", id: ["acme", "r"], user_id: "u", message: [104, 105] },
    { task: "RoomBanClient", id: ["acme", "r"], user_id: "u", ban_time: { secs: 0, nanos: 0 } },
    { task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 10, nanos: 500_000_000 } },
  ]);
  assert.deepEqual(await gateway.report("sfu:4433"), []);
});

Deno.test("a room that no server hosts is an error, but a ban on it is recorded", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:4433");
  await refusedWith(
    gateway.call("RoomClose", "r", "b", { room_id: "r" }),
    -32003,
    /no server for room found/,
  );
  await refusedWith(
    gateway.call("RoomUpdate", "r", "b", { room_id: "r", user_data: [] }),
    -32003,
    /no server/,
  );
  assert.deepEqual(await gateway.call("RoomClose", "r", "b", { room_id: "r", ban_time: 60 }), {});
  assert.deepEqual(
    await gateway.call("RoomBanClient", "s", "b", { room_id: "s", user_id: "u", ban_time: 60 }),
    {},
  );
  await refusedWith(gateway.connect("r", "anybody"), -32004, /room is banned/);
  await refusedWith(gateway.connect("s", "u"), -32004, /user is banned/);
  await gateway.connect("s", "somebody");
});

Deno.test("a ban ends by itself, is replaced by a new one, and lifted by a ban_time of 0", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:4433", [{ name: "r", peers: 1 }]);
  const ban = (ban_time?: number) =>
    gateway.call("RoomBanClient", "r", "b", {
      room_id: "r",
      user_id: "u",
      ...(ban_time === undefined ? {} : { ban_time }),
    });
  await ban(0.3);
  await refusedWith(gateway.connect("r", "u"), -32004, /banned/);
  await sleep(350);
  await gateway.connect("r", "u");
  await ban(600);
  await ban(0.2);
  await sleep(250);
  await gateway.connect("r", "u");
  await ban(600);
  await ban();
  await refusedWith(gateway.connect("r", "u"), -32004, /banned/);
  await ban(0);
  await gateway.connect("r", "u");
});

Deno.test("a longer ban than allowed is cut to the longest", async () => {
  await using gateway = await TestGateway.start({ bans: { maxTime: 0.2 } });
  await gateway.report("sfu:4433", [{ name: "r", peers: 1 }]);
  await gateway.call("RoomClose", "r", "b", { room_id: "r", ban_time: 1e9 });
  const [task] = await gateway.report("sfu:4433", [{ name: "r", peers: 1 }]);
  assert.deepEqual((task as { ban_time: object }).ban_time, { secs: 0, nanos: 200_000_000 });
  await sleep(250);
  await gateway.connect("r", "u");
});

Deno.test("room_id must be one of the token's rid values exactly, unless a switch brings the prefix rule back", async () => {
  await using exact = await TestGateway.start();
  await exact.report("sfu:4433", [{ name: "foobar", peers: 1 }]);
  await refusedWith(exact.call("RoomClose", "foo", "b", { room_id: "foobar" }), -32001, /room_id/);
  await refusedWith(exact.call("RoomClose", "foobar", "b", { room_id: "foo" }), -32001, /room_id/);
  await using prefix = await TestGateway.start({ compatibility: { roomIdPrefix: true } });
  await prefix.report("sfu:4433", [{ name: "foobar", peers: 1 }]);
  await prefix.call("RoomClose", "foo", "b", { room_id: "foobar" });
  await refusedWith(prefix.call("RoomClose", "foobar", "b", { room_id: "foo" }), -32001, /room_id/);
});

const wrongParams: [string, object, string][] = [
  ["RoomClose", {}, "room_id"],
  ["RoomClose", { room_id: "" }, "room_id"],
  ["RoomClose", { room_id: "x".repeat(1025) }, "room_id"],
  ["RoomClose", { room_id: "r", ban_time: "10" }, "ban_time"],
  ["RoomClose", { room_id: "r", ban_time: -1 }, "ban_time"],
  ["RoomUpdate", { room_id: "r", user_data: [256] }, "user_data.0"],
  ["RoomUpdate", { room_id: "r", user_data: [0, 1.5] }, "user_data.1"],
  ["RoomUpdate", { room_id: "r", user_data: "hi" }, "user_data"],
  ["RoomBanClient", { room_id: "r" }, "user_id"],
  ["RoomBanClient", { room_id: "r", user_id: "\ud800" }, "user_id"],
  ["RoomSendMessage", { room_id: "r", user_id: "u", message: [-1] }, "message.0"],
];
Deno.test("wrong params are refused, and the member that is wrong is named", async (t) => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:4433", [{ name: "r", peers: 1 }]);
  for (const [method, params, member] of wrongParams) {
    await t.step(`${method} ${JSON.stringify(params).slice(0, 60)}`, async () => {
      const error = await refusedWith(
        gateway.call(method, "r", "b", params),
        -32602,
        new RegExp(`^${member}`),
      );
      assert.equal((error.data as { member: string }[])[0]?.member, member);
    });
  }
});

Deno.test("a server that never reports cannot make the queue grow without end", async () => {
  await using gateway = await TestGateway.start({ limits: { tasksPerServer: 3 } });
  await gateway.report("sfu:4433", [{ name: "r", peers: 1 }]);
  const update = () => gateway.call("RoomUpdate", "r", "b", { room_id: "r", user_data: [] });
  for (let i = 0; i < 3; i++) await update();
  await refusedWith(update(), -32008, /too many tasks/);
});

/** Sends a report by hand, reads so many bytes of the answer, and goes away. */
async function reportAndLeave(gateway: TestGateway, bytes: number): Promise<void> {
  const { hostname, port } = new URL(gateway.url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "sfu.Report",
    params: {
      public_endpoint: "sfu:4433",
      version: "test",
      load: 0.1,
      clients: 1,
      rooms: [{ id: ["acme", "r"], customer: "acme", age: { secs: 1, nanos: 0 }, peers: 1 }],
    },
  });
  await connection.write(new TextEncoder().encode(
    `POST /internal HTTP/1.1\r\nHost: gateway\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  ));
  let read = 0;
  const buffer = new Uint8Array(bytes);
  const late = setTimeout(() => connection.close(), 2000);
  while (read < bytes) {
    const more = await connection.read(buffer.subarray(read)).catch(() => null);
    if (more === null) assert.fail(`the answer ended after ${read} bytes`);
    read += more;
  }
  clearTimeout(late);
  connection.close();
}

Deno.test("tasks whose answer broke off are handed over again, all of them and in order", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:4433", [{ name: "r", peers: 1 }]);
  const data = Array.from({ length: 10_000 }, (_, i) => i % 256);
  for (let i = 0; i < 9; i++) {
    await gateway.call("RoomUpdate", "r", "b", { room_id: "r", user_data: [i, ...data] });
  }
  for (const bytes of [50, 100_000, 200_000]) {
    await reportAndLeave(gateway, bytes);
    await sleep(50);
  }
  const tasks = await gateway.report("sfu:4433", [{ name: "r", peers: 1 }]);
  assert.deepEqual(tasks.map((task) => task.task === "RoomUpdate" ? task.user_data[0] : task), [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
  ]);
  assert.deepEqual(await gateway.report("sfu:4433", [{ name: "r", peers: 1 }]), []);
});
