import assert from "node:assert/strict";
import { chromium } from "../packages/playwright.ts";
import { source as axe } from "../packages/axe.ts";

export type Browser = Awaited<ReturnType<typeof chromium.launch>>;
export type Page = Awaited<ReturnType<Browser["newPage"]>>;
export type PageOptions = NonNullable<Parameters<Browser["newPage"]>[0]>;

/** The system's Chromium. As root it runs without its sandbox; it opens nothing but pages of this machine. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
}

/** A test in the browser: what playwright and the gateway have open between tests is theirs. */
export function test(name: string, run: () => Promise<void>): void {
  Deno.test({ name, fn: run, sanitizeOps: false, sanitizeResources: false });
}

/** A page that is watched: what the console has to complain about, and every request to another place, is a fault. */
export async function watchedPage(browser: Browser, url: string, options: PageOptions = {}) {
  const faults: string[] = [];
  const page = await browser.newPage({ locale: "en-GB", timezoneId: "Europe/Berlin", ...options });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`thrown: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) faults.push(`asked: ${request.url()}`);
  });
  await page.goto(`${url}/`);
  await page.getByText("● live").waitFor();
  return { page, faults };
}

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly where: string;
}

/** Holds a page against the rules of axe-core: WCAG 2.1 AA, and what is good practice. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  const findings = await page.evaluate(async (source): Promise<Finding[]> => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
    const { violations } = await new Function(`${source}; return axe;`)().run(document, { runOnly: tags });
    return violations.map((
      { id, impact, nodes }: {
        id: string;
        impact: string;
        nodes: { html: string; failureSummary: string }[];
      },
    ) => ({ id, impact, where: `${nodes[0]?.html} ${nodes[0]?.failureSummary}` }));
  }, axe);
  assert.deepEqual(findings, [], what);
}
