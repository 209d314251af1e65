/**
 * `deno task screenshots`: the pictures in docs/dashboard.md, of the demo after a minute.
 *
 * @module
 */
import { launch, watchedPage } from "./page.ts";

const PROJECT = new URL("../..", import.meta.url).pathname;

/** Seconds of the demo after which there is something to see. */
const AFTER = 65;

const demo = new Deno.Command(Deno.execPath(), {
  args: ["task", "demo"],
  cwd: PROJECT,
  env: { NO_COLOR: "1" },
  stdout: "piped",
  stderr: "inherit",
}).spawn();
const reader = demo.stdout.pipeThrough(new TextDecoderStream()).getReader();
let output = "";
let url: string | undefined;
while (url === undefined) {
  const { value, done } = await reader.read();
  if (done) throw new Error(`the demo has ended:\n${output}`);
  output += value;
  [, url] = /^ +(http:\S+)\/$/m.exec(output) ?? [];
}
const reading = (async () => {
  while (!(await reader.read()).done);
})();
await new Promise((resolve) => setTimeout(resolve, AFTER * 1000));
const browser = await launch();
for (const [name, colorScheme, path] of [["overview", "light", ""], ["room", "dark", "#/rooms"]] as const) {
  const { page } = await watchedPage(browser, url, { colorScheme, viewport: { width: 1280, height: 900 } });
  await page.goto(`${url}/${path}`);
  if (name === "room") await page.locator("tbody th a").last().click();
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `docs/images/dashboard-${name}.png`, fullPage: true });
}
await browser.close();
demo.kill("SIGINT");
await reading;
await demo.status;
