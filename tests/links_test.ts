import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";

const PROJECT = new URL("..", import.meta.url).pathname;

/** The pages that people read, from the project's folder. */
const PAGES = ["README.md", "CONTRIBUTING.md", ...filesIn("docs", ".md")];

function filesIn(folder: string, ending: string): string[] {
  return [...Deno.readDirSync(join(PROJECT, folder))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? filesIn(path, ending) : name.endsWith(ending) ? [path] : [];
  });
}

function read(page: string): string {
  return Deno.readTextFileSync(join(PROJECT, page));
}

/** A page without its blocks of code, in which nothing is a link or a heading. */
function prose(page: string): string {
  return read(page).replace(/^( *)```[^]*?^\1```$/gm, "");
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of prose(page).matchAll(/^#+ (.*)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = plain.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    let unique = anchor;
    for (let i = 1; anchors.has(unique); i++) unique = `${anchor}-${i}`;
    anchors.add(unique);
  }
  return anchors;
}

/** What is wrong with a link of a page, if anything is. Links to other sites are not followed. */
function fault(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [file = "", anchor] = link.split("#");
  const path = file === "" ? page : relative(PROJECT, join(PROJECT, dirname(page), file));
  if (path.startsWith("..")) return `${link} leads out of the project`;
  if (!isThere(path)) return `${link}: no such file`;
  if (anchor === undefined) return undefined;
  return path.endsWith(".md") && anchorsOf(path).has(anchor) ? undefined : `${link}: no such heading`;
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(join(PROJECT, path));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

for (const page of PAGES) {
  Deno.test(`${page}: every link leads to a file, and to a heading in it`, () => {
    const links = [...prose(page).matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link!);
    assert.deepEqual(links.flatMap((link) => fault(page, link) ?? []), []);
  });
}

for (const page of PAGES) {
  Deno.test(`${page}: the files of the project that it names are there`, () => {
    const names = [...prose(page).matchAll(/`((?:src|sim|tests|bench|docs|\.ci)\/[\w./-]*)`/g)].map((
      [, name],
    ) => name!);
    assert.deepEqual(names.filter((name) => !isThere(name)), []);
  });
}

Deno.test("docs/index.md leads to every page", () => {
  const index = read("docs/index.md");
  const missing = PAGES.filter((page) => page.startsWith("docs/") && page !== "docs/index.md")
    .filter((page) => !index.includes(`(${page.slice("docs/".length)})`));
  assert.deepEqual(missing, []);
});

Deno.test("the code cites sections of docs/protocol.md that are there", () => {
  const sections = new Set(
    [...prose("docs/protocol.md").matchAll(/^## (\d+)\./gm)].map(([, number]) => number),
  );
  const wrong: string[] = [];
  for (const file of filesIn("src", ".ts")) {
    for (const [, number] of read(file).matchAll(/docs\/protocol\.md` §(\d+)/g)) {
      if (!sections.has(number)) wrong.push(`${file}: §${number}`);
    }
  }
  assert.equal(sections.size, 9);
  assert.deepEqual(wrong, []);
});
