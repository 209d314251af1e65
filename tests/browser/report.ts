/// <reference lib="dom" />
import assert from "node:assert/strict";
import { page as report } from "../../sim/placement/page.ts";
import type { Estimate } from "../../sim/placement/statistics.ts";
import type { Result, Standing } from "../../sim/placement/study.ts";
import { assertAccessible, type Browser, launch, type Page, type PageOptions, test } from "./page.ts";

const figure = (mean: number): Estimate => ({ mean, margin: mean / 10 });

/** Loads of servers, of which the second is at three times what it can take in its last quarter. */
const LOADS = [0.2, 0.4, 0.6].map((load, server) =>
  Array.from({ length: 480 }, (_, sample) => server === 1 && sample >= 360 ? 3.07 : load)
);

function standing(name: string): Standing {
  const measured = (load: number) => ({
    load,
    overloaded: figure(0.12),
    excess: figure(0.034),
    peakToMean: figure(1.5),
    roomsMoved: figure(123),
    refused: figure(0),
  });
  return {
    name,
    about: "a strategy",
    at: [0.6, 0.75].map(measured),
    fullest: figure(0.6),
    loadsOverTime: { loads: LOADS, interval: 15_000 },
  };
}

const RESULT: Result = {
  name: "surge",
  about: "twice as many rooms",
  loads: [0.6, 0.75],
  seeds: 3,
  capacity: true,
  contenders: ["expected", "least-load", "oracle-size"].map(standing),
};

let browser: Browser;
Deno.test.beforeAll(async () => {
  browser = await launch();
});
Deno.test.afterAll(() => browser.close());

async function open(options: PageOptions): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage(options);
  const faults: string[] = [];
  page.on("console", (message) => faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  await page.setContent(report([RESULT]));
  return { page, faults };
}

const map = (page: Page) => page.getByRole("application", { name: /placed by expected/ });
const said = (page: Page) => page.locator("figure output").first().textContent();

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [360, 700, 1300]) {
    test(`the report is accessible and as wide as a screen of ${width}, in ${colorScheme}`, async () => {
      const { page, faults } = await open({ viewport: { width, height: 800 }, colorScheme });
      await assertAccessible(page, `${width} ${colorScheme}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      const table = page.getByRole("region", { name: "Figures of surge" });
      const hidden = await table.evaluate((its) => its.scrollWidth - its.clientWidth);
      if (width !== 700) assert.equal(hidden, 0, "the whole table is seen");
      assert.equal(await table.getByRole("cell").count(), 3 * 9);
      assert.deepEqual(faults, []);
      await page.close();
    });
  }
}

test("on a phone each figure has its name beside it, and a tap on a map tells its value, which stays", async () => {
  const { page } = await open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const cell = page.getByRole("row", { name: /least-load/ }).getByRole("cell").first();
  const head = await cell.evaluate((its) => getComputedStyle(its, "::before").content);
  assert.equal(head, '"overloaded at 60 %"');
  const box = (await map(page).boundingBox())!;
  await map(page).tap({ position: { x: box.width * 0.9, y: box.height / 2 } });
  assert.equal(await said(page), "server 2, minute 109: at most 307 %");
  await map(page).tap({ position: { x: box.width * 0.1, y: box.height * 0.9 } });
  assert.equal(await said(page), "server 3, minute 12: at most 60 %");
  await page.close();
});

test("the pointer tells values, and so do the arrow keys", async () => {
  const { page } = await open({ viewport: { width: 1300, height: 900 } });
  await map(page).hover({ position: { x: 1, y: 1 } });
  assert.equal(await said(page), "server 1, minute 0: at most 20 %");
  await page.mouse.move(0, 0);
  assert.equal(await said(page), "");
  await map(page).focus();
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight"]) await page.keyboard.press(key);
  assert.equal(await said(page), "server 2, minute 1: at most 40 %");
  for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowDown");
  assert.equal(await said(page), "server 3, minute 1: at most 60 %");
  await page.keyboard.press("Tab");
  assert.equal(await said(page), "");
  await page.close();
});
