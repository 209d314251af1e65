import assert from "node:assert/strict";
import { admin, type Ended, RUN } from "./admin_command.ts";
import { newCertificate } from "./certificate.ts";
import { TemporaryFolder } from "../sim/program.ts";
import { freePort, isInstalled } from "./programs.ts";
import { sleep, TestGateway } from "./gateway.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

const of = (gateway: TestGateway) => (...args: string[]) => admin([...args, "--url", gateway.operations]);

/** A command that has to be done; its output. */
async function done(ending: Promise<Ended>): Promise<string> {
  const { code, out, err } = await ending;
  assert.equal(code, 0, err);
  return out;
}

/** Cells of a table, by line. */
const cells = (text: string) => text.trimEnd().split("\n").map((line) => line.trim().split(/ {2,}/));

Deno.test("servers and rooms are listed as tables, or as JSON", async () => {
  await using gateway = await TestGateway.start();
  const run = of(gateway);
  assert.deepEqual(await run("servers"), { code: 0, out: "", err: "no such server is known\n" });
  assert.deepEqual(JSON.parse(await done(run("servers", "--json"))), []);
  await gateway.report("b.example:4433", [{ name: "lobby", peers: 3 }], { load: 0.25 });
  await gateway.report("a.example:4433", [{ name: "hall", peers: 1 }], { load: 0.9 });
  const [titles, ...rows] = cells(await done(run("servers")));
  assert.deepEqual(titles!.slice(0, 5), ["ADDRESS", "POOL", "STATE", "LOAD", "CLIENTS"]);
  assert.deepEqual(rows.map((row) => row.slice(0, 5)), [
    ["a.example:4433", "default", "open", "90 %", "1"],
    ["b.example:4433", "default", "open", "25 %", "3"],
  ]);
  assert.deepEqual(cells(await done(run("rooms", "--server", "B.example:04433"))), [
    ["NAMESPACE", "ROOM", "CUSTOMER", "SERVER", "CLIENTS", "COMING"],
    ["acme", "lobby", "acme", "b.example:4433", "3", "0"],
  ]);
  const rooms = JSON.parse(await done(run("rooms", "--json", "--prefix", "ha")));
  assert.deepEqual(rooms.map(({ id }: { id: string[] }) => id), [["acme", "hall"]]);
  const one = await run("rooms", "--limit", "1");
  assert.match(one.err, /these are the first 1; --limit <n> or --all shows more/);
  assert.equal(cells(one.out).length, 2);
  assert.match(await done(run("server", "a.example:4433")), /^load +90 %/m);
  assert.equal(JSON.parse(await done(run("server", "a.example:4433", "--json"))).report.load, 0.9);
  assert.deepEqual(
    cells(await done(run("forecast", "--target", "0.5")))[1],
    ["default", "2", "1", "1", "1", "1"],
    "and none may be drained yet",
  );
  assert.equal(JSON.parse(await done(run("forecast", "--json"))).pools[0].ahead[3].minutes, 60);
  assert.match(await done(run("locate", "acme", "lobby")), /^server +b\.example:4433$/m);
});

Deno.test("each filter of a list is one that its method takes", async () => {
  await using gateway = await TestGateway.start();
  const lists = [
    "rooms --namespace n --customer c --server s:1 --prefix p",
    "tasks --namespace n --customer c --server s:1 --room r",
    "bans --namespace n --customer c --room r --banned u --by b",
    "customers --unlisted --prefix p",
    "servers --pool p --state silent",
    "kinds --namespace n --all",
  ];
  for (const list of lists) {
    const { code, out, err } = await of(gateway)(...list.split(" "));
    assert.deepEqual([code, out], [0, ""], err);
  }
});

Deno.test("names that would steer a terminal are shown escaped, in tables and in JSON", async () => {
  await using gateway = await TestGateway.start();
  const run = of(gateway);
  const names = ["\x1b[31mred", "a\nb", "\u202elatot", "\x9b2J", "nul\0", "\u{1f600}会議室"];
  await gateway.report("a:1", names.map((name) => ({ name, peers: 1 })));
  const text = await done(run("rooms"));
  // deno-lint-ignore no-control-regex -- that is what is looked for
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
  assert.match(text, /\\u001b\[31mred/);
  assert.equal(text.trimEnd().split("\n").length, names.length + 1);
  const json = await done(run("rooms", "--json"));
  // deno-lint-ignore no-control-regex -- that is what is looked for
  assert.doesNotMatch(json, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
  assert.deepEqual(JSON.parse(json).map(({ id }: { id: string[] }) => id[1]).sort(), [...names].sort());
  const refused = await run("locate", "acme", "\x1b[2J");
  assert.deepEqual([refused.code, refused.out], [1, ""]);
});

Deno.test("a server is drained and resumed; without --yes nothing happens where nobody can be asked", async () => {
  await using gateway = await TestGateway.start();
  const run = of(gateway);
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  const unasked = await run("drain", "a:1");
  assert.equal(unasked.code, 2);
  assert.match(unasked.err, /^error: Drain a:1, with 1 rooms and 1 clients\? .*--yes/);
  assert.match(await done(run("servers")), / open /);
  assert.match(
    await done(run("drain", "a:1", "--deadline", "10m", "--yes")),
    /^a:1 gets no new rooms; what is left is closed in (10m|9m59s)\n$/,
  );
  assert.match(await done(run("servers", "--state", "draining")), / draining /);
  assert.match(
    await done(run("resume", "a:1")),
    /^a:1 gets new rooms again; its deadline, in .*, has been ended\n$/,
  );
  assert.match(await done(run("weight", "a:1", "0.5")), /takes 50 % of what it could/);
  assert.equal((await run("weight", "a:1", "0")).code, 2);
  const unknown = await run("drain", "b:1", "--yes");
  assert.deepEqual(unknown, { code: 1, out: "", err: "error: no server of this address is known\n" });
  assert.match((await run("forget", "a:1", "--yes")).err, /^error: the server reports/);
});

Deno.test("drain --wait ends when nothing is left on the server", async () => {
  await using gateway = await TestGateway.start({ limits: { grantTimeout: 0.1 } });
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  const waiting = of(gateway)("drain", "a:1", "--wait", "--yes");
  await gateway.program.printed(/server a:1 .* it is draining/);
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  await gateway.report("a:1");
  const text = await done(waiting);
  assert.match(text, /^a:1 is empty: it can be stopped\n$/m);
});

Deno.test("who banned this user, and lifting it", async () => {
  await using gateway = await TestGateway.start();
  const run = of(gateway);
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  await gateway.call("RoomBanClient", "r", "backend", { room_id: "r", user_id: "eve", ban_time: 7200 });
  const [, row] = cells(await done(run("bans", "--banned", "eve")));
  assert.deepEqual(row!.slice(0, 3), ["acme", "r", "eve"]);
  assert.match(row![3]!, /^in (2h|1h59m)$/);
  assert.match(row![4]!, /^A/);
  assert.match(await done(run("tasks")), /RoomBanClient +a:1 +acme +r +waiting/);
  assert.equal((await run("lift", "acme", "r", "eve")).code, 2);
  assert.match(await done(run("lift", "acme", "r", "eve", "--yes")), /is lifted; A\S+ had asked for it/);
  assert.match((await run("lift", "acme", "r", "eve", "--yes")).err, /^error: no such ban is in force/);
  assert.match(
    await done(run("close", "acme", "r", "--ban", "1h", "--yes")),
    /a:1 closes room r .*banned until/,
  );
  assert.match(await done(run("bans", "--by", "operator")), /\(everybody\)/);
  assert.match(await done(run("locate", "acme", "r")), /^banned +until/m);
});

Deno.test("customers, kinds, why a room is where it is, and the configuration", async () => {
  await using gateway = await TestGateway.start({}, { maxPeers: 10 });
  const run = of(gateway);
  await gateway.report("a:1", [{ name: "match-1", peers: 5 }]);
  await gateway.report("a:1", [{ name: "hall", peers: 0 }]);
  await gateway.connect("lobby", "u");
  assert.match(await done(run("customers")), /^acme +1 of 10 +2 +1 +any$/m);
  assert.match(await done(run("customer", "acme")), /^KEY ID +NAMESPACE/m);
  assert.match(await done(run("kinds")), /^acme +match-# +1\.0/m);
  assert.match(await done(run("explain", "acme", "lobby")), /^a:1 +yes/m);
  assert.match(await done(run("explain", "acme", "hall")), /^why +the server reported the room/m);
  assert.equal(JSON.parse(await done(run("config"))).bans.maxTime, 365 * 86400);
  assert.match(await done(run("log-level", "debug")), /^logged from DEBUG on; before, from INFO on\n$/);
  assert.match(await done(run("reload", "--customers")), /^1 customers with 1 keys are in force\n$/);
  assert.match(await done(run("reload")), /./);
  assert.match(
    await done(run("forget-kind", "acme", "match-#", "--yes")),
    /^forgotten\nNames of its rooms that are not open now are still remembered: /,
  );
  const kinds = async () =>
    cells(await done(run("kinds"))).map(([namespace, names]) => `${namespace} ${names}`).slice(1);
  assert.deepEqual(await kinds(), ["(all) (all)", "acme (all)"]);
  assert.match((await run("forget-kind")).err, /^error: Forget what was learned of all rooms\? /);
  assert.match(
    (await run("forget-kind", "acme")).err,
    /^error: Forget what was learned of all rooms of acme\? /,
  );
  assert.match(
    await done(run("forget-kind", "--yes")),
    /^forgotten(; names of rooms that went with it: \d+)?\n$/,
  );
  assert.deepEqual(await kinds(), [], "what is known of all is made of what is known of each namespace");
});

Deno.test("webhooks are listed and tried; one that does not take an event ends the command with 1", async () => {
  await using receiver = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(null, { status: receiverStatus }),
  );
  let receiverStatus = 204;
  const url = `http://127.0.0.1:${(receiver.addr as Deno.NetAddr).port}/hook`;
  const secret = `whsec_${btoa("a secret of more than 24 bytes, surely")}`;
  await using gateway = await TestGateway.start({ webhooks: [{ url, secret, events: ["ban.set"] }] });
  const run = of(gateway);
  assert.match(await done(run("webhooks")), /^webhooks\[0\] .* works +0 /m);
  assert.match(await done(run("webhooks", "--test")), /^webhooks\[0\] .* yes +204 /m);
  receiverStatus = 500;
  const failing = await run("webhooks", "--test", "--json");
  assert.equal(failing.code, 1);
  assert.equal(JSON.parse(failing.out)[0].status, 500);
  assert.ok(!failing.out.includes("whsec"));
});

Deno.test("status ends with 1 while something keeps somebody out, and top shows rates and load bars", async () => {
  await using gateway = await TestGateway.start();
  const run = of(gateway);
  const empty = await run("status");
  assert.equal(empty.code, 1);
  assert.match(empty.out, /^error: no server has reported$/m);
  await gateway.report("a:1", [{ name: "r", peers: 1 }], { load: 0.5 });
  assert.match(await done(run("status")), /^all is well$/m);
  assert.deepEqual(JSON.parse(await done(run("status", "--json"))).problems, []);
  const watching = done(run("top", "--count", "2", "--interval", "1s"));
  const reporting = setInterval(() => gateway.report("a:1", [], { load: 0.5 }).catch(() => {}), 100);
  const text = await watching;
  clearInterval(reporting);
  assert.match(text, /with the next look/);
  assert.match(text, /^\d+\.\d grants\/s, 0\.0 refused\/s, 0\.0 failed\/s, [1-9]\d*\.\d reports\/s$/m);
  assert.match(text, /^a:1 .*█{10}░{10} +50 %/m);
  await sleep(150);
});

Deno.test("top says so where it has not looked at all servers", async () => {
  await using gateway = await TestGateway.start({ limits: { servers: 2000 } });
  const report = (i: number) =>
    gateway.internal("sfu.Report", {
      ...{ public_endpoint: `s${i}:1`, version: "1", load: 0.1, clients: 0, rooms: [] },
    });
  for (let i = 0; i < 1000; i++) await report(i);
  const run = of(gateway);
  assert.doesNotMatch(await done(run("top")), /were looked at/);
  await report(1000);
  assert.match(await done(run("top")), /^only 1000 servers were looked at: there are more$/m);
  assert.equal(JSON.parse(await done(run("top", "--json"))).more, true);
});

Deno.test("a certificate that the system does not trust is trusted with --ca, and a file without one is named", async () => {
  using folder = new TemporaryFolder();
  const { cert, key } = await newCertificate();
  const file = (name: string, text: string) => {
    Deno.writeTextFileSync(`${folder.path}/${name}`, text);
    return `${folder.path}/${name}`;
  };
  const https = {
    certFile: file("c.pem", cert),
    keyFile: file("k.pem", key),
    hostname: "127.0.0.1",
    port: 0,
  };
  await using gateway = await TestGateway.start({ useSsl: true, https });
  const url = `${gateway.url.replace("localhost", "127.0.0.1")}/internal`;
  const servers = (...args: string[]) => admin(["servers", "--url", url, ...args]);
  assert.equal((await servers("--ca", https.certFile)).code, 0);
  const untrusted = await servers();
  assert.deepEqual([untrusted.code, /certificate/i.test(untrusted.err)], [3, true], untrusted.err);
  for (const wrong of ["/nowhere.pem", https.keyFile, file("bad.pem", "-----BEGIN CERTIFICATE-----\n!")]) {
    const { code, err } = await servers("--ca", wrong);
    assert.deepEqual([code, err.includes(`--ca: ${wrong} cannot be used: `)], [2, true], err);
  }
});

Deno.test("where the gateway is and who asks: options, environment and URL; no password is printed", async () => {
  const password = "S3CRET of some length";
  const users = [{ name: "kim", password }, { name: "viewer", password: `${password}!`, role: "read" }];
  await using gateway = await TestGateway.start({
    operations: { users: users.map((user) => ({ role: "admin", ...user })) },
  });
  await gateway.report("a:1");
  const url = gateway.operations;
  const { host } = new URL(url);
  const inUrl = `http://kim:${encodeURIComponent(password)}@${host}`;
  const ways: [string[], Record<string, string>][] = [
    [["--url", url, "--user", `kim:${password}`], {}],
    [["--url", host], { ODIN_GATEWAY_USER: `kim:${password}` }],
    [[], { ODIN_GATEWAY_URL: url, ODIN_GATEWAY_USER: `kim:${password}` }],
    [[], { ODIN_GATEWAY_URL: inUrl }],
    [["--url", `${url}/rpc`, "--user", `kim:${password}`], { ODIN_GATEWAY_USER: "x:y" }],
  ];
  for (const [args, env] of ways) {
    const { code, out, err } = await admin(["status", ...args], env);
    assert.equal(code, 0, err);
    assert.ok(!out.includes("S3CRET"));
  }
  const reader = { ODIN_GATEWAY_URL: url, ODIN_GATEWAY_USER: `viewer:${password}!` };
  assert.equal((await admin(["servers"], reader)).code, 0);
  const forbidden = await admin(["resume", "a:1"], reader);
  assert.equal(forbidden.code, 1);
  assert.match(forbidden.err, /takes the role admin/);
  const nobody = await admin(["servers", "--url", url]);
  assert.deepEqual([nobody.code, nobody.out], [1, ""]);
  assert.match(nobody.err, /--user or ODIN_GATEWAY_USER/);
  const wrong = await admin(["servers", "--url", `http://kim:S3CRET@${host}`]);
  assert.equal(wrong.code, 1);
  assert.ok(!wrong.err.includes("S3CRET"), wrong.err);
  for (
    const args of [["--user", "S3CRET"], ["--url", "ftp://kim:S3CRET@x"], ["--url", "http://kim:%S3CRET@x"]]
  ) {
    const { code, err } = await admin(["servers", ...args]);
    assert.equal(code, 2, err);
    assert.ok(!err.includes("S3CRET"), err);
  }
});

Deno.test("without a gateway commands end with 3, and with 2 where the command line is wrong", async () => {
  await using gateway = await TestGateway.start();
  const unreachable = await admin(["servers", "--url", `127.0.0.1:${freePort()}`]);
  assert.equal(unreachable.code, 3);
  assert.match(unreachable.err, /^error: http:\/\/127\.0\.0\.1:\d+\/rpc cannot be reached: .*refused/i);
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("<html>"),
  );
  const other = await admin(["servers", "--url", `127.0.0.1:${(server.addr as Deno.NetAddr).port}`]);
  assert.equal(other.code, 3);
  assert.match(other.err, /is no gateway/);
  const main = await admin(["servers", "--url", gateway.url]);
  assert.deepEqual([main.code, main.out], [1, ""]);
  assert.match(main.err, /is .*\/rpc the operations listener\?/);
  assert.equal((await admin(["servers", "--url", `${gateway.url}/internal`])).code, 0);
  for (
    const args of [["nonsense"], ["server"], ["servers", "--limit", "0"], ["weight", "a:1", "2"], [
      "top",
      "x",
    ]]
  ) {
    const { code, out, err } = await admin(args);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^error: .*\(--help shows the options\)\n$/);
  }
});

Deno.test("deno task admin has the permissions that it needs", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("a:1");
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "admin", "status"],
    cwd: PROJECT,
    env: { ODIN_GATEWAY_URL: gateway.operations, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assert.equal(code, 0);
  assert.match(new TextDecoder().decode(stdout), /^all is well$/m);
});

/** Runs a command at a terminal of so many columns; what the terminal was sent. */
async function atTerminal(
  command: string,
  columns: number,
  input = "",
  env: Record<string, string> = {},
): Promise<{ code: number; text: string }> {
  const child = new Deno.Command("script", {
    args: [
      "-qefc",
      `stty cols ${columns} rows 24; ${Deno.execPath()} ${RUN.join(" ")} ${command}`,
      "/dev/null",
    ],
    cwd: PROJECT,
    env: { TERM: "xterm", NO_COLOR: "", ...env },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const typing = (async () => {
    if (input === "") return;
    await sleep(1500); // so that the question is there
    await writer.write(new TextEncoder().encode(input)).catch(() => {});
  })();
  const { code, stdout } = await child.output();
  await typing;
  await writer.close().catch(() => {});
  return { code, text: new TextDecoder().decode(stdout) };
}

Deno.test({
  name: "at a terminal, tables fit its width, also with wide names, and have colours unless NO_COLOR is set",
  ignore: !isInstalled("script"),
  async fn() {
    await using gateway = await TestGateway.start();
    await gateway.report("a-server-with-quite-a-long-name.example:4433", [
      { name: "会議室".repeat(20), peers: 1 },
      { name: "x".repeat(200), peers: 1 },
    ]);
    for (const columns of [100, 60, 40, 20]) {
      for (const command of ["rooms", "servers", "top --count 1"]) {
        const { code, text } = await atTerminal(`${command} --url ${gateway.operations}`, columns);
        assert.equal(code, 0, text);
        // deno-lint-ignore no-control-regex -- colours take no place
        const lines = text.replaceAll(/\x1b\[[\d;?]*[A-Za-z]/g, "").split(/\r?\n/);
        for (const line of lines) {
          const wide = [...line.matchAll(/[\u3000-\u9fff]/gu)].length;
          assert.ok([...line].length + wide <= columns, `${command} at ${columns}: ${JSON.stringify(line)}`);
        }
        assert.ok(text.includes("\x1b[1m"), "titles are bold");
      }
    }
    const plain = await atTerminal(`servers --url ${gateway.operations}`, 80, "", { NO_COLOR: "1" });
    assert.ok(!plain.text.includes("\x1b[32m") && plain.text.includes(" open "), plain.text);
  },
});

Deno.test({
  name: "at a terminal, harm is asked for, and only y does it; top is left with q",
  ignore: !isInstalled("script"),
  async fn() {
    await using gateway = await TestGateway.start();
    await gateway.report("a:1");
    const no = await atTerminal(`drain a:1 --url ${gateway.operations}`, 80, "n\n");
    assert.equal(no.code, 1, no.text);
    assert.match(no.text, /Drain a:1.*\[y\/N\]/);
    assert.match(no.text, /nothing was changed/);
    const yes = await atTerminal(`drain a:1 --url ${gateway.operations}`, 80, "y\n");
    assert.equal(yes.code, 0, yes.text);
    assert.match(yes.text, /a:1 gets no new rooms/);
    const top = await atTerminal(`top --url ${gateway.operations}`, 80, "q");
    assert.equal(top.code, 0, top.text);
    assert.ok(
      top.text.includes("\x1b[?1049h") && top.text.includes("\x1b[?1049l"),
      "the screen is given back",
    );
  },
});

Deno.test({
  name: "at a terminal, top is left with q also while the gateway hangs",
  ignore: !isInstalled("script"),
  async fn() {
    const hanging = Promise.withResolvers<Response>();
    await using gateway = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => hanging.promise,
    );
    const start = performance.now();
    const url = `http://127.0.0.1:${(gateway.addr as Deno.NetAddr).port}`;
    const { code, text } = await atTerminal(`top --url ${url}`, 80, "q");
    hanging.resolve(new Response());
    assert.equal(code, 0, text);
    assert.ok(text.includes("\x1b[?1049l"), "the screen is given back");
    assert.ok(performance.now() - start < 15_000, "not when the call has had its 30 s");
  },
});

Deno.test("completion for bash knows commands, their options and their choices", async () => {
  const script = await done(admin(["completion", "bash"]));
  const complete = async (...words: string[]) => {
    const { stdout } = await new Deno.Command("bash", {
      args: [
        "-c",
        `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _odin_admin; printf '%s\\n' "\${COMPREPLY[@]}"`,
        "bash",
        "odin-admin",
        ...words,
      ],
    }).output();
    return new TextDecoder().decode(stdout).trimEnd().split("\n");
  };
  assert.deepEqual(await complete("serv"), ["servers", "server"]);
  assert.deepEqual(await complete("--url", "http://x", "drain", "a:1", "--d"), ["--deadline"]);
  assert.deepEqual(await complete("completion", "f"), ["fish"]);
  const values = [
    ["--url", "status"],
    ["--url", "=", "status"],
    ["--url", "http", ":", "//status", ":", "7001"],
    ["--user", "rooms", ":", "status"],
    ["--user", "kim", ":", "bans", "--url", "rooms"],
  ];
  for (const value of values) {
    assert.deepEqual(await complete(...value, "dr"), ["drain"], value.join(" "));
    assert.deepEqual(
      await complete(...value, "drain", "a", ":", "1", "--d"),
      ["--deadline"],
      value.join(" "),
    );
  }
  assert.deepEqual(await complete("--url", ""), [""], "nothing is known of a value");
  assert.deepEqual(await complete("--user", "kim", ":", "st"), [""]);
  assert.ok((await complete("rooms", "--")).includes("--json"));
  assert.match(await done(admin(["completion", "zsh", "--name", "gw"])), /^#compdef gw\n/);
  assert.match(await done(admin(["completion", "fish"])), /^complete -c odin-admin .* -a drain /m);
  assert.equal((await admin(["completion", "bash", "--name", "x;y"])).code, 2);
});

/** Asks each shell's own way what it would offer after some words. */
const ASK: Readonly<Record<string, string>> = {
  zsh: 'compadd() { shift; print -l -- "$@" }; _files() { print files }; source "$1"; shift; ' +
    'words=("$@"); CURRENT=$#; _odin_admin',
  fish: 'source "$argv[1]"; complete -C "$argv[2..]"',
};

for (const [shell, ask] of Object.entries(ASK)) {
  Deno.test({
    name: `completion for ${shell} does not take the value of an option for the command`,
    ignore: !isInstalled(shell),
    async fn() {
      const script = await done(admin(["completion", shell]));
      const file = Deno.makeTempFileSync({ dir: "data" });
      try {
        Deno.writeTextFileSync(file, script);
        const offered = async (...words: string[]) => {
          const zeroth = shell === "zsh" ? [shell] : [];
          const { stdout } = await new Deno.Command(shell, {
            args: ["-c", ask, ...zeroth, file, "odin-admin", ...words],
          }).output();
          return new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.split("\t")[0]!);
        };
        assert.ok((await offered("--url", "status", "dr")).includes("drain"));
        assert.ok((await offered("--user", "rooms", "drain", "a:1", "--")).includes("--deadline"));
        assert.ok((await offered("completion", "")).includes("fish"));
      } finally {
        Deno.removeSync(file);
      }
    },
  });
}

for (const shell of ["zsh", "fish"]) {
  Deno.test({
    name: `completion for ${shell} is a script that ${shell} reads`,
    ignore: !isInstalled(shell),
    async fn() {
      const script = await done(admin(["completion", shell]));
      const file = Deno.makeTempFileSync({ dir: "data" });
      try {
        Deno.writeTextFileSync(file, script);
        const { code, stderr } = await new Deno.Command(shell, { args: ["-n", file] }).output();
        assert.equal(code, 0, new TextDecoder().decode(stderr));
      } finally {
        Deno.removeSync(file);
      }
    },
  });
}

Deno.test("docs/admin.md has every command", async () => {
  const help = await done(admin(["--help"]));
  const commands = [...help.matchAll(/^ {2}([a-z-]+)(?: [[<].*)? {2,}\S/gm)].map(([, name]) => name!)
    .filter((name) => name !== "help");
  assert.ok(commands.length > 15, commands.join());
  const page = Deno.readTextFileSync(`${PROJECT}docs/admin.md`);
  assert.deepEqual(commands.filter((name) => !new RegExp(`\`${name}[ \`]`).test(page)), []);
});
