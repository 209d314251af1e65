/** A fault that somebody could make in the code, and that the unit tests must notice. */
export interface Mutant {
  /** The file, from the root of the project. */
  readonly file: string;
  /** The text that is replaced; it occurs exactly once in the file. */
  readonly find: string;
  readonly put: string;
  /** What goes wrong then, in a few words. */
  readonly breaks: string;
  /** Name of the suite that is to notice it; if absent, the one of its file. */
  readonly suite?: string;
}

/** The part of the tests that is to notice it. */
export interface Suite {
  readonly name: string;
  /** Beginnings of the files that it answers for. */
  readonly files: readonly string[];
  readonly tests: string;
  /** Deno's permissions, no more than the tests need. */
  readonly permissions: readonly string[];
}

const DISK = ["--allow-read=.", "--allow-write=data"];

export const SUITES: readonly Suite[] = [
  { name: "several gateways", files: [], tests: "src/gateway/several_test.ts", permissions: [] },
  { name: "fleet", files: ["src/fleet/"], tests: "src/fleet", permissions: [] },
  { name: "gateway", files: ["src/gateway/"], tests: "src/gateway", permissions: DISK },
  { name: "lists", files: ["src/lists/"], tests: "src/lists", permissions: [] },
  { name: "customers", files: ["src/customers/"], tests: "src/customers", permissions: [] },
  { name: "limits", files: ["src/edge/limits/"], tests: "src/edge/limits", permissions: [] },
  {
    name: "proxies",
    files: ["src/edge/http/client_address.ts", "src/edge/http/forwarded.ts", "src/edge/http/network_list.ts"],
    tests: "src/edge/http/client_address_test.ts",
    permissions: [],
  },
  {
    name: "connections",
    files: ["src/edge/http/crowd.ts"],
    tests: "src/edge/http/crowd_test.ts",
    permissions: [],
  },
  {
    name: "webhooks",
    files: ["src/webhooks/"],
    tests: "src/webhooks",
    permissions: ["--allow-net=127.0.0.1"],
  },
  {
    name: "own pages",
    files: ["src/edge/auth/own_page.ts"],
    tests: "src/edge/auth/own_page_test.ts",
    permissions: [],
  },
  {
    name: "dashboard",
    files: ["src/dashboard/"],
    tests: "src/dashboard",
    permissions: ["--allow-net=127.0.0.1"],
  },
  {
    name: "Redis",
    files: ["src/store/redis/"],
    tests: "src/store/redis",
    permissions: [...DISK, "--allow-net=127.0.0.1", "--allow-run", "--allow-env=CI"],
  },
  {
    name: "shared store",
    files: ["src/store/rules.ts", "src/store/memory/"],
    tests: "src/store/memory",
    permissions: [],
  },
  { name: "store", files: ["src/store/"], tests: "src/store/sqlite", permissions: DISK },
];

/** @throws {Error} where no tests answer for the file */
export function suiteOf({ file, suite: wanted }: Mutant): Suite {
  const suite = SUITES.find(({ name, files }) =>
    wanted === undefined ? files.some((start) => file.startsWith(start)) : name === wanted
  );
  if (suite === undefined) throw new Error(`${file}: no suite of tests answers for it`);
  return suite;
}

/**
 * The text of the file with the fault in it.
 *
 * @throws {Error} where the text to be replaced is not there exactly once: the code has changed since
 */
export function mutate(source: string, { file, find, put, breaks }: Mutant): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    const times = parts.length === 1 ? "not at all" : `${parts.length - 1} times`;
    throw new Error(
      `${file}: the text of the mutant "${breaks}" occurs ${times}, where it must once; ` +
        `mend the mutant in mutants/. It looks for:\n${find}`,
    );
  }
  if (find === put) throw new Error(`${file}: the mutant "${breaks}" changes nothing`);
  return parts.join(put);
}
