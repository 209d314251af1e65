/// <reference lib="dom" />
import assert from "node:assert/strict";
import { Program } from "../../sim/program.ts";
import { SimulatedServer } from "../../sim/server.ts";
import { eventually, sleep, TestGateway, USERS } from "../gateway.ts";
import { freePort } from "../programs.ts";
import { assertAccessible, type Browser, launch, test, watchedPage } from "./page.ts";

/** Names as strangers may choose them, and what must be seen of them. */
const HOSTILE = [
  ["<img src=x onerror=window.hacked=1>", "<img src=x onerror=window.hacked=1>"],
  ["</script><script>window.hacked=1</script>", "</script><script>window.hacked=1</script>"],
  ["\u202egnp.exe", "\\u202egnp.exe"],
  ["zero\u200bwidth", "zero\\u200bwidth"],
  ["a\u0007b", "a\\u0007b"],
  ["../..?#&%2f%", "../..?#&%2f%"],
  ["javascript:window.hacked=1", "javascript:window.hacked=1"],
  ["x".repeat(1024), "x".repeat(80)],
] as const;

/** A gateway with two simulated servers, and a few clients in two rooms. */
class LiveGateway implements AsyncDisposable {
  private constructor(readonly gateway: TestGateway, readonly servers: readonly SimulatedServer[]) {}

  static async start(config: object = {}): Promise<LiveGateway> {
    const gateway = await TestGateway.start({
      sfuConfig: { updateInterval: 1, disableTimeout: 2.5 },
      ...config,
    });
    const servers = await Promise.all(
      ["sfu-a.test:4433", "sfu-b.test:4433"].map((address) =>
        SimulatedServer.start({ gateway: `${gateway.url}/internal`, address, capacity: 100 })
      ),
    );
    const live = new LiveGateway(gateway, servers);
    for (const user of ["alice", "bob", "carol"]) await live.join("lobby", user);
    await live.join("match-1", "dave");
    return live;
  }

  async join(room: string, user: string): Promise<void> {
    const { address, token } = await this.gateway.connect(room, user);
    const { hosting } = this.servers.find((server) => server.address === address)!;
    hosting.join(hosting.verify(token), room, { user });
  }

  get url(): string {
    return this.gateway.operations;
  }

  show(address: string): Promise<{ weight: number; draining: object | null }> {
    return this.gateway.internal("server.Show", { address });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    await this.gateway[Symbol.asyncDispose]();
  }
}

let browser: Browser;
Deno.test.beforeAll(async () => {
  browser = await launch();
});
Deno.test.afterAll(() => browser.close());

const PAGES: readonly [string, string][] = [
  ["overview", "Servers2"],
  ["servers", "sfu-a.test:4433"],
  ["server/sfu-a.test%3A4433", "Load of one client"],
  ["rooms", "lobby"],
  ["room/acme/lobby", "✓ chosen"],
  ["customers", "acme"],
  ["customer/acme", "Servers"],
  ["bans", "mallory"],
  ["kinds", "Kinds"],
  ["activity", "appeared in pool default"],
];

for (const [theme, width] of [["light", 1280], ["dark", 360], ["light", 3840]] as const) {
  test(`every page, ${theme}, ${width} pixels wide: live data, no fault, accessible, no wider than the screen`, async () => {
    await using live = await LiveGateway.start();
    await live.gateway.call("RoomBanClient", "lobby", "backend", {
      room_id: "lobby",
      user_id: "mallory",
      ban_time: 600,
    });
    const { page, faults } = await watchedPage(browser, live.url, {
      colorScheme: theme,
      viewport: { width, height: 900 },
    });
    for (const [path, text] of PAGES) {
      await page.goto(`${live.url}/#/${path}`);
      const main = page.getByRole("main");
      await eventually(() => main.innerText(), (shown) => shown.replaceAll("\n", "").includes(text), path);
      await page.waitForTimeout(200);
      assert.equal(
        await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
        true,
        `${path} is too wide`,
      );
      await assertAccessible(page, `${path}, ${theme}`);
      await page.screenshot({
        path: `data/screenshots/${path.split("/")[0]}-${theme}-${width}.png`,
        fullPage: true,
      });
    }
    assert.deepEqual(faults, []);
    await page.close();
  });
}

test("the overview says what is wrong now, what to do, and leads there; and that all is well before", async () => {
  await using live = await LiveGateway.start();
  const { page, faults } = await watchedPage(browser, live.url);
  await page.getByText("✓ All is well").waitFor();
  await live.servers[0]!.stop();
  const problem = page.getByRole("listitem").filter({ hasText: "server sfu-a.test:4433 is silent" });
  await problem.waitFor();
  assert.match(await problem.innerText(), /What to do: see whether it runs/);
  await assertAccessible(page, "with a problem");
  await problem.getByRole("link").click();
  await page.getByRole("heading", { name: "Server sfu-a.test:4433" }).waitFor();
  await page.getByText("✗ silent").first().waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test("draining, resuming and weighing ask first, change the gateway, and show what came of it", async () => {
  await using live = await LiveGateway.start();
  const { page, faults } = await watchedPage(browser, live.url);
  await page.getByRole("link", { name: "Servers", exact: true }).click();
  const row = page.getByRole("row").filter({ hasText: "sfu-b.test:4433" });
  const dialog = page.getByRole("dialog");

  await row.getByRole("button", { name: "Drain" }).click();
  await assertAccessible(page, "with a dialogue");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assert.equal((await live.show("sfu-b.test:4433")).draining, null, "nothing happens without a confirmation");

  await row.getByRole("button", { name: "Drain" }).click();
  await dialog.getByLabel("Close what is left after").selectOption("3600");
  await dialog.getByRole("button", { name: "Drain" }).click();
  await page.getByText(/sfu-b\.test:4433 is draining, until /).waitFor();
  await row.getByText("▼ draining").waitFor();
  assert.notEqual((await live.show("sfu-b.test:4433")).draining, null);

  await row.getByRole("button", { name: "Resume" }).click();
  await dialog.getByRole("button", { name: "Resume" }).click();
  await row.getByText("● open").waitFor();
  assert.equal((await live.show("sfu-b.test:4433")).draining, null);

  await row.getByRole("button", { name: "Weight" }).click();
  await dialog.getByLabel("Weight in percent").fill("25");
  await dialog.getByRole("button", { name: "Weight" }).click();
  await page.getByText("is to take 25% of what it could").first().waitFor();
  assert.equal((await live.show("sfu-b.test:4433")).weight, 0.25);

  await page.getByRole("link", { name: "Activity" }).click();
  await page.getByRole("listitem").filter({ hasText: "called server.SetWeight" }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test("a question stays what was asked, and so does what is done, whatever somebody else does meanwhile", async () => {
  await using live = await LiveGateway.start();
  const { page, faults } = await watchedPage(browser, live.url);
  await page.getByRole("link", { name: "Servers", exact: true }).click();
  const row = page.getByRole("row").filter({ hasText: "sfu-b.test:4433" });
  const dialog = page.getByRole("dialog");
  const address = "sfu-b.test:4433";
  await row.getByRole("button", { name: "Drain" }).click();
  await live.gateway.internal("server.Drain", { address });
  await row.getByText("▼ draining").waitFor();
  await dialog.getByRole("heading", { name: "Drain?" }).waitFor();
  await dialog.getByRole("button", { name: "Drain" }).click();
  await page.getByText(`${address} is draining`).first().waitFor();
  assert.notEqual((await live.show(address)).draining, null);

  await row.getByRole("button", { name: "Weight" }).click();
  await dialog.getByLabel("Weight in percent").fill("37");
  await live.gateway.internal("server.Resume", { address });
  await live.gateway.internal("server.SetWeight", { address, weight: 0.5 });
  await row.getByText("● open").waitFor();
  await dialog.getByRole("button", { name: "Weight" }).click();
  await page.getByText("is to take 37% of what it could").first().waitFor();
  assert.equal((await live.show(address)).weight, 0.37);
  assert.deepEqual(faults, []);
  await page.close();
});

test("a room is found, closed and banned; its ban is lifted", async () => {
  await using live = await LiveGateway.start();
  const { page, faults } = await watchedPage(browser, live.url);
  await page.getByRole("link", { name: "Rooms", exact: true }).click();
  await page.getByLabel("Name begins with").fill("lob");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("1 room", { exact: true }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Next page" }).count(), 0, "this is the whole list");
  await page.getByRole("link", { name: "acme / lobby" }).click();
  await page.getByText("✓ chosen").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Keep it closed for").selectOption("3600");
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByText(/nobody gets in until/).waitFor();
  await eventually(
    () => live.servers.flatMap(({ hosting }) => [...hosting.rooms.values()].map(({ id }) => id[1])),
    (rooms) => !rooms.includes("lobby"),
    "its server closes the room",
  );
  await page.getByRole("link", { name: "Bans" }).click();
  await page.getByRole("button", { name: "Lift" }).click();
  await dialog.getByRole("button", { name: "Lift" }).click();
  await page.getByText("No ban.").waitFor();
  assert.deepEqual(await live.gateway.internal("ban.List", {}), { bans: [], cursor: null });
  assert.deepEqual(faults, []);
  await page.close();
});

test("a call that is refused says why in the dialogue, and changes nothing", async () => {
  await using live = await LiveGateway.start();
  const { page } = await watchedPage(browser, live.url);
  await page.goto(`${live.url}/#/room/acme/nowhere`);
  await page.getByText("no server for room found").first().waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.getByRole("alert").getByText(/✗ .*room/).waitFor();
  await page.close();
});

test("a question that is cancelled waits no more for its call, and says that it may happen all the same", async () => {
  await using live = await LiveGateway.start();
  const { page } = await watchedPage(browser, live.url);
  await page.goto(`${live.url}/#/servers`);
  await page.route("**/rpc", () => {}); // nothing is answered
  for (
    const cancel of [
      () => page.getByRole("button", { name: "Cancel" }).click(),
      () => page.keyboard.press("Escape"),
    ]
  ) {
    await page.getByRole("button", { name: "Drain" }).first().click();
    const asking = page.waitForRequest("**/rpc");
    await page.getByRole("dialog").getByRole("button", { name: "Drain" }).click();
    const asked = await asking;
    await cancel();
    await page.getByText("Drain: not waited for; it may happen all the same").waitFor();
    await eventually(
      () => asked.failure()?.errorText,
      (text) => text === "net::ERR_ABORTED",
      "it is given up",
    );
    assert.equal(await page.getByRole("dialog").count(), 0);
  }
  await page.close();
});

test("a question that is asked at once after another was left is there, and stays", async () => {
  await using live = await LiveGateway.start();
  const { page, faults } = await watchedPage(browser, live.url);
  await page.goto(`${live.url}/#/servers`);
  const dialog = page.getByRole("dialog");
  const drain = page.getByRole("button", { name: "Drain" }).first();
  await drain.click();
  await dialog.waitFor();
  await drain.evaluate((button) => {
    document.querySelector("dialog")!.close(); // which is told a little later
    (button as HTMLButtonElement).click();
  });
  await sleep(300);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(await page.locator("dialog").count(), 0);
  assert.deepEqual(faults, []);
  await page.close();
});

test("names are text and nothing but text, and what cannot be seen in them is written out", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:1", HOSTILE.map(([name]) => ({ name, peers: 1, customer: name.slice(0, 40) })));
  const { page, faults } = await watchedPage(browser, gateway.operations);
  for (const path of ["rooms", "customers?listed=no", "server/sfu%3A1"]) {
    await page.goto(`${gateway.operations}/#/${path}`);
    await page.getByRole("main").getByText("zero").first().waitFor();
    const shown = await page.getByRole("main").innerText();
    if (path === "rooms") { for (const [, text] of HOSTILE) assert.ok(shown.includes(text), text); }
    for (const unseen of "\u202e\u200b\u0007") assert.ok(!shown.includes(unseen), path);
    assert.equal(await page.locator("main img, main script, main iframe").count(), 0);
    await assertAccessible(page, path);
  }
  for (const [name, text] of HOSTILE) {
    await page.goto(`${gateway.operations}/#/rooms`);
    await page.getByRole("main").getByRole("link").filter({ hasText: text }).first().click();
    await page.getByRole("heading", { level: 1 }).getByText(text.slice(0, 20)).waitFor();
    await page.getByText("yes").first().waitFor();
    const hash = await page.evaluate(() => location.hash);
    assert.equal(decodeURIComponent(hash.split("/")[3]!), name, "the link leads to exactly this room");
  }
  assert.equal(await page.evaluate(() => "hacked" in window), false);
  assert.deepEqual(faults.filter((fault) => !/40[04]/.test(fault)), []);
  await page.close();
});

test("a long name without a break makes no page wider than a narrow screen", async () => {
  const users = [{ name: "u".repeat(100), password: "a password of some length", role: "admin" }];
  await using gateway = await TestGateway.start({
    operations: { port: 0, users },
    sfuConfig: { updateInterval: 1, disableTimeout: 2.5 },
  });
  const server = `${"s".repeat(63)}.${"t".repeat(63)}.${"u".repeat(63)}.test:4433`;
  const [long, user, customer] = ["x".repeat(1024), "y".repeat(1024), "z".repeat(200)];
  await gateway.report(server, [{ name: long, peers: 1, customer }, { name: "lobby", peers: 1 }]);
  await gateway.call("RoomBanClient", long, "backend", { room_id: long, user_id: user, ban_time: 600 });
  const { page } = await watchedPage(browser, gateway.operations, {
    viewport: { width: 360, height: 800 },
    httpCredentials: { username: users[0]!.name, password: users[0]!.password },
  });
  await page.getByText("What to do: see whether it runs").waitFor();
  const width = () => page.evaluate(() => document.documentElement.scrollWidth);
  const room = `room/acme/${long}`;
  const paths = ["overview", "servers", `server/${encodeURIComponent(server)}`, "rooms", room];
  paths.push("customers?listed=no", `customer/${customer}`, "bans", "kinds", "activity");
  for (const path of paths) {
    await page.goto(`${gateway.operations}/#/${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForTimeout(500);
    assert.equal(await width(), 360, path.slice(0, 20));
  }
  for (const [path, button] of [["servers", "Drain"], ["bans", "Lift"], [room, "Close"]] as const) {
    await page.goto(`${gateway.operations}/#/${path}`);
    await page.getByRole("button", { name: button }).first().click();
    const box = await page.getByRole("dialog").evaluate((its) => its.scrollWidth - its.clientWidth);
    assert.deepEqual([box, await width()], [0, 360], `the question ${button}`);
    await page.getByRole("button", { name: "Cancel" }).click();
  }
  await page.close();
});

test("a gateway that stops is missed, and the page goes on when it is back", async () => {
  await using live = await LiveGateway.start({ operations: { port: freePort() } });
  const { page } = await watchedPage(browser, live.url);
  await live.gateway.program.stop("SIGKILL");
  await page.getByText(/✗ The gateway does not answer\. What you see is of \d\d:\d\d:\d\d/).waitFor();
  await live.gateway.restart();
  await page.getByText("● live").waitFor();
  await live.gateway.report("sfu-new:1");
  await page.getByRole("link", { name: "Servers", exact: true }).click();
  await page.getByText("sfu-new:1").waitFor();
  await page.close();
});

test("a gateway that hangs is not taken for live, and the page goes on when it does", async () => {
  await using live = await LiveGateway.start();
  const { page } = await watchedPage(browser, live.url);
  const { pid } = live.gateway.program;
  Deno.kill(pid, "SIGSTOP");
  try {
    await page.getByText(/✗ The gateway has gone silent\. What you see is of \d\d:\d\d:\d\d/).waitFor();
  } finally {
    Deno.kill(pid, "SIGCONT");
  }
  await page.getByText("● live").waitFor();
  await page.close();
});

test("a page that is loaded again asks for each of its files, and is sent none that it has", async () => {
  await using gateway = await TestGateway.start();
  const { page, faults } = await watchedPage(browser, gateway.operations);
  const loaded = () =>
    page.evaluate(() => {
      const all = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
      const files = all.filter(({ name }) => /\.(ts|js|css)$/.test(name));
      const sum = (of: (file: PerformanceResourceTiming) => number) =>
        files.reduce((sum, its) => sum + of(its), 0);
      return {
        count: files.length,
        sent: sum((its) => its.transferSize),
        size: sum((its) => its.encodedBodySize),
      };
    });
  const first = await loaded();
  assert.ok(first.count > 20 && first.sent > first.size);
  await page.reload();
  await page.getByText("● live").waitFor();
  const again = await loaded();
  assert.equal(again.count, first.count);
  assert.ok(again.sent > 0 && again.sent <= 400 * again.count, `${again.sent} bytes: headers alone`);
  assert.deepEqual(faults, []);
  await page.close();
});

test("a page that the gateway refuses to tell says why", async () => {
  await using live = await LiveGateway.start();
  const others = await Promise.all(Array.from({ length: 32 }, () => fetch(`${live.url}/dashboard/live`)));
  const page = await browser.newPage();
  await page.goto(`${live.url}/`);
  await page.getByText(/✗ The gateway refuses \(503\): .*dashboards/).waitFor();
  for (const { body } of others) await body!.cancel();
  await page.getByText("● live").waitFor();
  await page.close();
});

test("ten pages that are seen share one stream: all load, are told, and act", async () => {
  await using live = await LiveGateway.start();
  const context = await browser.newContext();
  const pages = [];
  for (let i = 0; i < 10; i++) {
    const page = await context.newPage();
    pages.push(page);
    await page.goto(`${live.url}/#/servers`);
    await page.getByText("● live").waitFor();
    await page.getByText("sfu-b.test:4433").waitFor();
  }
  for (const [i, page] of [pages[0]!, pages[9]!].entries()) {
    const row = page.getByRole("row").filter({ hasText: "sfu-b.test:4433" });
    const label = i === 0 ? "Drain" : "Resume";
    await row.getByRole("button", { name: label }).click();
    await page.getByRole("dialog").getByRole("button", { name: label }).click();
    const state = i === 0 ? "▼ draining" : "● open";
    for (const each of pages) {
      await each.getByRole("row").filter({ hasText: "sfu-b.test:4433" }).getByText(state).waitFor();
    }
  }
  await context.close();
});

test("another process takes over, and the page goes on with that one", async () => {
  await using gateway = await TestGateway.start({ operations: { port: freePort() } });
  const { page } = await watchedPage(browser, gateway.operations);
  const before = gateway.program;
  const config = Deno.readTextFileSync(`${gateway.folder.path}/config.ts`);
  gateway.program = await Program.start({ config, folder: gateway.folder.path, args: ["--take-over"] });
  await before.status;
  await gateway.report("sfu-new:1");
  await page.getByRole("link", { name: "Servers", exact: true }).click();
  await page.getByText("sfu-new:1").waitFor();
  await page.getByText("● live").waitFor();
  await page.close();
});

test("200 servers and 100,000 rooms: the browser has one page of them, and a search finds one", async () => {
  await using gateway = await TestGateway.start({ sfuConfig: { updateInterval: 60, disableTimeout: 300 } });
  for (let i = 0; i < 200; i++) {
    const rooms = Array.from({ length: 500 }, (_, j) => ({ name: `room-${i}-${j}`, peers: 1 }));
    await gateway.report(`sfu-${i}.test:4433`, rooms, { load: i / 200 });
  }
  const { page, faults } = await watchedPage(browser, gateway.operations);
  await page.getByText("100,000").first().waitFor();
  await page.getByRole("link", { name: "Servers", exact: true }).click();
  await page.getByText("200 of 200 servers").waitFor();
  await page.getByRole("button", { name: "Load" }).click();
  await page.getByRole("button", { name: "Load" }).click();
  const first = page.getByRole("main").getByRole("rowheader").first();
  await eventually(
    () => first.innerText(),
    (text) => text.trim() === "sfu-199.test:4433",
    "sorted by load, the fullest first",
  );
  await page.getByLabel("Address, pool or version").fill("sfu-17.");
  await page.getByText("1 of 200 servers").waitFor();

  await page.getByRole("link", { name: "Rooms", exact: true }).click();
  await page.getByText("100 rooms on this page, and there are more").waitFor();
  const rows = page.getByRole("main").getByRole("rowheader");
  const before = await rows.first().innerText();
  await page.getByRole("button", { name: "Next page" }).click();
  await eventually(() => rows.first().innerText(), (text) => text !== before, "the next page");
  assert.equal(await rows.count(), 100);
  await page.getByLabel("Name begins with").fill("room-123-456");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("1 room", { exact: true }).waitFor(); // all have been looked at, without a further click
  await page.getByLabel("Server").fill("sfu-123.test:4433");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("1 room", { exact: true }).waitFor();
  await page.getByRole("link", { name: "acme / room-123-456" }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test("a list goes on where a page of it is empty, and says so; all bans of a room are there", async () => {
  await using live = await LiveGateway.start();
  for (let i = 0; i < 101; i++) {
    const ban = { room_id: "lobby", user_id: `user-${i}`, ban_time: 600 };
    await live.gateway.call("RoomBanClient", "lobby", "backend", ban);
  }
  const { page, faults } = await watchedPage(browser, live.url);
  await page.goto(`${live.url}/#/room/acme/lobby`);
  const lift = page.getByRole("button", { name: "Lift" });
  await eventually(() => lift.count(), (count) => count === 100, "the first hundred");
  await page.getByRole("button", { name: "Next page" }).click();
  await eventually(() => lift.count(), (count) => count === 1, "the last one");

  let pause = 0;
  const asked: Record<string, number> = {};
  const lists = [["customers", "customer"], ["bans", "ban"], ["kinds", "kind"], ["rooms", "room"]] as const;
  await page.route("**/rpc", async (route) => {
    const { method } = route.request().postDataJSON();
    const [name] = lists.find(([, its]) => method === `${its}.List`) ?? [];
    if (name === undefined) return await route.continue();
    asked[name] = (asked[name] ?? 0) + 1;
    await sleep(pause);
    await route.fulfill({ json: { jsonrpc: "2.0", id: 1, result: { [name]: [], cursor: "further" } } });
  });
  for (const [name] of lists) {
    await page.goto(`${live.url}/#/${name}`);
    await page.getByText("None among those looked at so far; there are more to look at.").waitFor();
    assert.equal(asked[name], 20, "so often it asks on by itself");
    assert.ok(await page.getByRole("button", { name: "Next page" }).isEnabled(), name);
  }
  [pause, asked.rooms] = [200, 0];
  await page.goto(`${live.url}/#/rooms?prefix=x`);
  await eventually(() => asked.rooms, (times) => times === 2, "it asks");
  await page.goto(`${live.url}/#/activity`);
  await sleep(600);
  assert.ok(asked.rooms <= 3, "nobody waits for it any more");
  assert.deepEqual(faults, []);
  await page.close();
});

test("where the next page of a list cannot be had, no other page is shown in its place", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:1", Array.from({ length: 101 }, (_, i) => ({ name: `room-${i}`, peers: 1 })));
  const { page } = await watchedPage(browser, gateway.operations);
  await page.goto(`${gateway.operations}/#/rooms`);
  await page.getByText("100 rooms on this page, and there are more").waitFor();
  await page.route("**/rpc", (route) => route.abort());
  await page.getByRole("button", { name: "Next page" }).click();
  await page.getByRole("alert").getByText("the gateway does not answer").waitFor();
  assert.equal(await page.getByRole("main").getByRole("rowheader").count(), 0);
  await page.unroute("**/rpc");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("1 room on this page", { exact: true }).waitFor();
  await page.close();
});

test("whoever may only look sees no button that would change something, and the gateway would refuse it", async () => {
  await using live = await LiveGateway.start({ operations: { port: 0, users: USERS } });
  const [httpCredentials] = USERS.map(({ name: username, password }) => ({ username, password }));
  const { page, faults } = await watchedPage(browser, live.url, { httpCredentials: httpCredentials! });
  await page.getByText("user viewer · may look only").waitFor();
  const harm = page.locator("button:not(.sort)").filter({
    hasText: /^(Drain|Resume|Weight|Forget|Close|Lift)$/,
  });
  for (const [path] of PAGES) {
    await page.goto(`${live.url}/#/${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForTimeout(300);
    assert.equal(await harm.count(), 0, path);
  }
  assert.deepEqual(faults, []);
  const status = await page.evaluate(async () => {
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "server.Drain",
      params: { address: "sfu-a.test:4433" },
    });
    const answer = await fetch("/rpc", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    return (await answer.json()).error?.message;
  });
  assert.match(String(status), /takes the role admin/);
  assert.equal((await live.show("sfu-a.test:4433")).draining, null);
  await page.close();
});

test("everything can be done by keyboard alone", async () => {
  await using live = await LiveGateway.start();
  const { page } = await watchedPage(browser, live.url);
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.innerText ?? "");
  const tabTo = async (text: string) => {
    for (let i = 0; i < 60; i++) {
      if (await focused() === text) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`${text} is not reached by Tab`);
  };
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the page");
  await tabTo("Servers");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Servers" }).waitFor();
  assert.equal(
    await page.evaluate(() => document.activeElement?.id),
    "main",
    "a screen reader goes on at the new page",
  );
  await page.getByText("sfu-a.test:4433").waitFor();
  await tabTo("Drain");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await focused(), "Drain", "the focus comes back to the button");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await tabTo("Drain");
  await page.keyboard.press("Enter");
  await page.getByText("sfu-a.test:4433 is draining").first().waitFor();
  await page.close();
});
