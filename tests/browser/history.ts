/// <reference lib="dom" />
import assert from "node:assert/strict";
import { eventually } from "../gateway.ts";
import { FedDashboard } from "./fed_dashboard.ts";
import { assertAccessible, type Browser, launch, type Page, test, watchedPage } from "./page.ts";

const HOUR = 3600;

/** The most that 200 servers may take of a page's main thread. */
const SHARE = 0.02;

let browser: Browser;
let fed: FedDashboard;
Deno.test.beforeAll(async () => {
  fed = new FedDashboard(200);
  await fed.feed(HOUR);
  await fed.serve();
  browser = await launch();
});
Deno.test.afterAll(async () => {
  await browser.close();
  await fed[Symbol.asyncDispose]();
});

/** How many points each line of the first chart has. */
function points(page: Page): Promise<number[]> {
  const lines = page.locator("figure.chart").first().locator("svg[role=img] > path");
  return lines.evaluateAll((paths) => paths.map((path) => path.getAttribute("d")!.split(/[ML]/).length - 1));
}

test("an hour of 200 servers and 100,000 rooms is seen whole: each of its steps, and each server in its minutes", async () => {
  const { page, faults } = await watchedPage(browser, fed.url);
  await page.getByText("100,000").first().waitFor();
  const load = page.getByRole("img", {
    name: /^Load of open servers, now: mean \d+%; .* in the last 60 minutes$/,
  });
  await load.waitFor();
  const heat = page.getByRole("img", {
    name: /^Load of 200 servers in the last hour; the fullest is at 9\d% now$/,
  });
  await heat.waitFor();
  const colours = await heat.evaluate((its) => {
    const { width, height } = its as HTMLCanvasElement;
    const context = (its as HTMLCanvasElement).getContext("2d")!;
    const { data } = context.getImageData(0, 0, width, height);
    const column = (x: number) =>
      new Set(Array.from({ length: 200 }, (_, y) => data.slice((y * 12 * width + x) * 4).slice(0, 3).join()));
    return [0, 30, 59].map((minute) => column(minute * 12).size);
  });
  assert.ok(colours.every((count) => count > 20), `the servers differ in each minute: ${colours}`);
  await page.getByRole("button", { name: "Last day" }).click();
  await page.getByRole("img", { name: /^Clients, now: .* in the last 60 minutes$/ }).waitFor();

  await page.goto(`${fed.url}/#/server/sfu-17.test%3A4433`);
  const [reported, expected] = await eventually(
    () => points(page),
    (lines) => lines.length === 2,
    "two lines",
  );
  assert.deepEqual([reported, expected], [720, 720]);
  await page.goto(`${fed.url}/#/servers`);
  await page.getByText("200 of 200 servers").waitFor();
  await assertAccessible(page, "200 servers");
  const sparks = await page.locator("svg.spark path").evaluateAll((paths) =>
    paths.map((path) => path.getAttribute("d")!.split("L").length)
  );
  assert.deepEqual([sparks.length, new Set(sparks)], [200, new Set([60])]);
  assert.deepEqual(faults, []);
  await page.close();
});

test("200 servers that report cost a page no more than 2 % of its main thread while five pages look", async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const pages: Page[] = [];
  for (const path of ["overview", "activity", "overview", "servers", "servers"]) {
    const page = await context.newPage();
    pages.push(page);
    await page.goto(`${fed.url}/#/${path}`);
    await page.getByText("● live").waitFor();
  }
  const looks = pages.at(-1)!;
  await looks.getByText("200 of 200 servers").waitFor();
  await looks.waitForTimeout(2000); // what coming takes is not meant
  const session = await context.newCDPSession(looks);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const metric = async (wanted: string) => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === wanted)!.value;
  };
  const [busy, begin] = [await metric("TaskDuration"), performance.now()];
  await looks.waitForTimeout(10_000);
  const share = (await metric("TaskDuration") - busy) / ((performance.now() - begin) / 1000);
  assert.ok(share > 0 && share <= SHARE, `${(share * 100).toFixed(2)} %`);
  await context.close();
});
