import assert from "node:assert/strict";
import { type IncomingMessage, request } from "node:http";
import { gunzipSync } from "node:zlib";
import { eventually, TestGateway, USERS } from "./gateway.ts";

const STATUS = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "gateway.Status", params: {} });
const BROWSER = {
  "Accept-Language": "de,en;q=0.7",
  "Upgrade-Insecure-Requests": "1",
  "Sec-Ch-Ua": '"Chromium";v="156"',
  Cookie: "of=another program on localhost",
};
const OWN = {
  ...BROWSER,
  "Sec-Fetch-Site": "same-origin",
  "Sec-Fetch-Mode": "cors",
  "Sec-Fetch-Dest": "empty",
};
const TYPED = {
  ...BROWSER,
  "Sec-Fetch-Site": "none",
  "Sec-Fetch-Mode": "navigate",
  "Sec-Fetch-Dest": "document",
};
const JSON_TYPE = { "Content-Type": "application/json" };

/** The status of a request whose headers are sent as they stand here. */
function statusOf(url: string, method: string, path: string, headers: Record<string, string>) {
  const { hostname: host, port } = new URL(url);
  return new Promise<number | undefined>((resolve, reject) => {
    const sending = request({ host, port, method, path, headers }, (its) => {
      resolve(its.statusCode);
      its.destroy();
    });
    sending.on("error", reject);
    sending.end(method === "POST" ? STATUS : undefined);
  });
}

/** An answer as it came, without anything that was made of its body. */
function rawGet(url: string, headers: Record<string, string>) {
  type Answer = Pick<IncomingMessage, "headers"> & { status: number | undefined; body: Buffer };
  return new Promise<Answer>((resolve, reject) => {
    const sending = request(url, { headers }, (its) => {
      const pieces: Uint8Array[] = [];
      its.on("data", (piece: Uint8Array) => pieces.push(piece));
      its.on("end", () => {
        resolve({ status: its.statusCode, headers: its.headers, body: Buffer.concat(pieces) });
      });
    });
    sending.on("error", reject);
    sending.end();
  });
}

function basic(name: string): Record<string, string> {
  const { password } = USERS.find((user) => user.name === name)!;
  return { Authorization: `Basic ${btoa(`${name}:${password}`)}` };
}

/** Events as they come, until somebody has enough. */
async function* eventsOf(response: Response): AsyncGenerator<{ event: string; data: unknown }> {
  let text = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const lines = new Map(block.split("\n").map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      if (lines.has("data")) yield { event: lines.get("event")!, data: JSON.parse(lines.get("data")!) };
    }
  }
}

Deno.test("the page comes with a policy that lets nothing in from outside, and loads in less than 150 KB", async () => {
  await using gateway = await TestGateway.start();
  const page = await fetch(`${gateway.operations}/`);
  const text = await page.text();
  assert.equal(page.status, 200);
  assert.match(page.headers.get("Content-Type")!, /^text\/html/);
  const policy = page.headers.get("Content-Security-Policy")!;
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /);
  for (const part of ["frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'"]) {
    assert.ok(policy.includes(part), part);
  }
  assert.doesNotMatch(policy, /unsafe|\*|http/);
  assert.equal(page.headers.get("Access-Control-Allow-Origin"), null);
  assert.doesNotMatch(text, /<style|style=|<script(?! type="module" src=)|\son\w+=/);

  const seen = new Set<string>();
  const waiting = ["/", ...Array.from(text.matchAll(/(?:href|src)="(\/[^"]+)"/g), ([, path]) => path!)];
  let size = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const { status, headers, body } = await rawGet(gateway.operations + path, { "Accept-Encoding": "gzip" });
    assert.deepEqual([status, headers["content-encoding"], headers.vary], [200, "gzip", "Accept-Encoding"]);
    size += body.length;
    const its = gunzipSync(body).toString();
    if (!/\.(ts|js)$/.test(path)) continue;
    assert.match(headers["content-type"]!, /^text\/javascript/, path);
    for (const [, from] of its.matchAll(/^import\b.*?\bfrom *"([^"]+)";?$/gms)) {
      waiting.push(new URL(from!, `http://x${path}`).pathname);
    }
  }
  assert.ok(seen.size > 20, [...seen].join());
  assert.ok(size <= 150_000, `${size} bytes`);
});

Deno.test("a file that the browser has is not sent again, until it is another", async () => {
  await using gateway = await TestGateway.start();
  const ask = async (known?: string) => {
    const referer = `${gateway.operations}/`;
    const headers = known === undefined ? {} : { ...OWN, Referer: referer, "If-None-Match": known };
    const answer = await fetch(`${gateway.operations}/dashboard/app.ts`, { headers });
    return { status: answer.status, tag: answer.headers.get("ETag"), text: await answer.text(), answer };
  };
  const { tag, answer } = await ask();
  assert.match(tag!, /^"[\w-]{22}-gzip"$/);
  assert.equal(answer.headers.get("Cache-Control"), "private, no-cache");
  for (const known of [tag!, `W/${tag}`, `"other", ${tag}`]) {
    const { status, tag: again, text } = await ask(known);
    assert.deepEqual([status, again, text], [304, tag, ""], known);
  }
  assert.equal((await ask('"other"')).status, 200);
});

Deno.test("the page's files are compressed for who takes that, and each form has a name of its own", async () => {
  await using gateway = await TestGateway.start();
  const url = `${gateway.operations}/dashboard/app.ts`;
  const ask = async (accepts?: string, known?: string) => {
    const { headers, body, status } = await rawGet(url, {
      ...OWN,
      Referer: `${gateway.operations}/`,
      ...(accepts === undefined ? {} : { "Accept-Encoding": accepts }),
      ...(known === undefined ? {} : { "If-None-Match": known }),
    });
    assert.equal(headers.vary, "Accept-Encoding");
    return { status, encoding: headers["content-encoding"], tag: headers.etag!, body };
  };
  const plain = await ask();
  assert.equal(plain.encoding, undefined);
  for (const accepts of ["gzip", "br, GZIP;q=0.5", "gzip ; q=1.0, *;q=0"]) {
    const { encoding, tag, body } = await ask(accepts);
    assert.equal(encoding, "gzip", accepts);
    assert.notEqual(tag, plain.tag);
    assert.deepEqual(gunzipSync(body), plain.body);
    assert.deepEqual((await ask(accepts, tag)).status, 304);
    assert.deepEqual((await ask(accepts, plain.tag)).status, 200, "it has another form");
  }
  for (const accepts of ["identity", "br", "gzip;q=0", "gzip;q=0.000", "x-gzip-not", "*;q=0"]) {
    assert.deepEqual(await ask(accepts), plain, accepts);
  }
});

Deno.test("without users, a browser on this machine sees what its own page asks for, and no other page may", async (t) => {
  await using gateway = await TestGateway.start();
  const { operations } = gateway;
  const { host, port } = new URL(operations);
  const own = { Host: host, Origin: `http://${host}`, Referer: `http://${host}/` };
  const from = (name: string) => ({ Host: name, Origin: `http://${name}`, Referer: `http://${name}/` });
  type Case = [what: string, status: number, method: string, path: string, headers: Record<string, string>];
  const cases: Case[] = [
    ["the page, by its address", 200, "GET", "/", { ...TYPED, Host: host }],
    ["a script of the page", 200, "GET", "/dashboard/app.ts", { ...OWN, Host: host }],
    ["a call of the page", 200, "POST", "/rpc", { ...OWN, ...own, ...JSON_TYPE }],
    ["a call of the page by localhost", 200, "POST", "/rpc", {
      ...OWN,
      ...from(`localhost:${port}`),
      ...JSON_TYPE,
    }],
    ["history", 200, "GET", "/dashboard/history", { ...OWN, Host: host, Referer: own.Referer }],
    ["news", 200, "GET", "/dashboard/live", { ...OWN, Host: host, Referer: own.Referer }],
    ["another site's Origin", 401, "POST", "/rpc", {
      ...OWN,
      ...own,
      ...JSON_TYPE,
      Origin: "http://evil.example",
    }],
    ["another port's Origin", 401, "POST", "/rpc", {
      ...OWN,
      ...own,
      ...JSON_TYPE,
      Origin: "http://127.0.0.1:1",
    }],
    ["null as Origin", 401, "POST", "/rpc", { ...OWN, ...own, ...JSON_TYPE, Origin: "null" }],
    ["another site's fetch", 401, "POST", "/rpc", {
      ...OWN,
      ...own,
      ...JSON_TYPE,
      "Sec-Fetch-Site": "cross-site",
    }],
    ["another port's fetch", 401, "GET", "/dashboard/history", {
      ...OWN,
      ...own,
      "Sec-Fetch-Site": "same-site",
    }],
    ["a form", 401, "POST", "/rpc", { ...OWN, ...own, "Content-Type": "text/plain" }],
    ["no type", 401, "POST", "/rpc", { ...OWN, ...own }],
    ["a form that navigates", 401, "POST", "/rpc", {
      ...TYPED,
      ...own,
      "Sec-Fetch-Site": "cross-site",
      ...JSON_TYPE,
    }],
    ["a rebound name", 401, "POST", "/rpc", { ...OWN, ...from(`rebound.example:${port}`), ...JSON_TYPE }],
    ["a rebound name, the page", 401, "GET", "/", { ...TYPED, Host: `rebound.example:${port}` }],
    ["a rebound name without dots", 401, "POST", "/rpc", {
      ...OWN,
      ...from(`intranet:${port}`),
      ...JSON_TYPE,
    }],
    // Browsers send no Sec-Fetch-Site where the page came by plain HTTP from a name: it looks like a program's.
    ...["/metrics", "/", "/dashboard/live", "/dashboard/minutes"].flatMap((path) =>
      ["evil", "evil.example", "evil.localhost"].map((name): Case => [
        `${path} by a rebound name, ${name}, as a program would ask`,
        401,
        "GET",
        path,
        { Host: `${name}:${port}`, "Accept-Language": "*", "User-Agent": "Mozilla/5.0" },
      ])
    ),
    ["figures for a program", 200, "GET", "/metrics", { Host: host, "Accept-Language": "*" }],
    ["figures for a program, by localhost", 200, "GET", "/metrics", { Host: "LocalHost" }],
    ["a stranger's browser through a proxy", 401, "GET", "/metrics", { ...TYPED, Host: host }],
    ["a stranger's page through a proxy", 401, "GET", "/dashboard/live", {
      ...OWN,
      Host: host,
      Referer: "https://ops.example/",
    }],
    ["a proxy that says so", 401, "GET", "/", { ...TYPED, Host: host, "X-Forwarded-For": "192.0.2.1" }],
  ];
  for (const [what, status, method, path, headers] of cases) {
    await t.step(`${what}: ${status}`, async () => {
      assert.equal(await statusOf(operations, method, path, headers), status);
    });
  }
});

Deno.test("with users, the page asks for a password, and what another site sends with it is refused", async () => {
  await using gateway = await TestGateway.start({ operations: { port: 0, users: USERS } });
  const { operations } = gateway;
  const { host } = new URL(operations);
  const asked = await fetch(`${operations}/`, { headers: TYPED });
  await asked.body?.cancel();
  assert.equal(asked.status, 401);
  assert.match(asked.headers.get("WWW-Authenticate")!, /^Basic /);
  const boss = { ...basic("boss"), Host: "ops.example", ...JSON_TYPE };
  const call = (headers: Record<string, string>) =>
    statusOf(operations, "POST", "/rpc", { ...boss, ...headers });
  assert.equal(await call({ ...OWN, Origin: "https://ops.example" }), 200, "behind a proxy that ends TLS");
  assert.equal(await call({ ...OWN, Origin: "https://evil.example" }), 401);
  assert.equal(await call({ ...OWN, Origin: `http://${host}` }), 401);
  assert.equal(await call({ "Sec-Fetch-Site": "cross-site" }), 401);
  const link = { ...TYPED, "Sec-Fetch-Site": "cross-site", ...basic("viewer"), Host: host };
  assert.equal(await statusOf(operations, "GET", "/", link), 200, "a link in a chat leads to the page");
});

Deno.test("/internal stays closed to every page", async () => {
  await using gateway = await TestGateway.start();
  const { host } = new URL(gateway.url);
  const own = { ...OWN, ...JSON_TYPE, Host: host, Origin: `http://${host}`, Referer: `http://${host}/` };
  assert.equal(await statusOf(gateway.url, "POST", "/internal", own), 401);
});

Deno.test("a page is told the state, then only what changes, and is let go when the gateway stops", async () => {
  await using gateway = await TestGateway.start({ operations: { port: 0, users: USERS } });
  await gateway.report("sfu-a:1", [{ name: "lobby", peers: 3 }]);
  await gateway.report("sfu-b:1");
  const response = await fetch(`${gateway.operations}/dashboard/live`, { headers: basic("viewer") });
  assert.match(response.headers.get("Content-Type")!, /^text\/event-stream/);
  const events = eventsOf(response);
  const next = async () => (await events.next()).value as { event: string; data: Record<string, unknown> };
  const hello = await next();
  assert.equal(hello.event, "hello");
  assert.deepEqual([hello.data.user, hello.data.mayChange], ["viewer", false]);
  const rows = await next();
  assert.deepEqual(Object.keys(rows.data.servers as object).sort(), ["sfu-a:1", "sfu-b:1"]);
  assert.equal((rows.data.servers as Record<string, { clients: number }>)["sfu-a:1"]!.clients, 3);

  await gateway.report("sfu-b:1", [{ name: "other", peers: 2 }]);
  let told: Record<string, unknown> = {};
  while (!("servers" in told)) {
    const { event, data } = await next();
    if (event === "rows") told = data;
  }
  assert.deepEqual(Object.keys(told.servers as object), ["sfu-b:1"], "the other server has not changed");

  const before = performance.now();
  const ended = (async () => {
    while (!(await events.next()).done);
  })();
  await gateway.program.stop();
  await ended.catch(() => {});
  assert.ok(performance.now() - before < 10_000);
});

Deno.test("who was removed from the users is told nothing more after a reload", async () => {
  await using gateway = await TestGateway.start({ operations: { port: 0, users: USERS } });
  const look = () => fetch(`${gateway.operations}/dashboard/live`, { headers: basic("viewer") });
  const response = await look();
  assert.equal(response.status, 200);
  const file = `${gateway.folder.path}/config.ts`;
  Deno.writeTextFileSync(file, Deno.readTextFileSync(file).replace('"viewer"', '"another"'));
  await gateway.internal("config.Reload", {});
  for await (const _ of response.body!); // it ends
  const after = await look();
  await after.body?.cancel();
  assert.equal(after.status, 401);
});

Deno.test("only so many pages are told at a time, and one that goes away makes room", async () => {
  await using gateway = await TestGateway.start();
  const open = async () => {
    const controller = new AbortController();
    const { status } = await fetch(`${gateway.operations}/dashboard/live`, { signal: controller.signal });
    return { status, close: () => controller.abort() };
  };
  const pages = await Promise.all(Array.from({ length: 32 }, open));
  assert.ok(pages.every(({ status }) => status === 200));
  const further = await open();
  assert.equal(further.status, 503);
  further.close();
  for (const { close } of pages) close();
  const again = async () => {
    const page = await open();
    page.close();
    return page.status;
  };
  await eventually(again, (status) => status === 200, "there is room again");
});

Deno.test("what was is kept: the fleet's figures, each server's, and a customer's", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu-a:1", [{ name: "lobby", peers: 3 }], { load: 0.5 });
  interface Kept {
    readonly fleet: Record<string, { hour: (number | null)[]; day: (number | null)[] }>;
  }
  const ask = async <Result>(path: string): Promise<Result> =>
    await (await fetch(gateway.operations + path)).json();
  const { fleet } = await eventually(
    () => ask<Kept>("/dashboard/history"),
    ({ fleet }) => fleet.clients!.hour.at(-1) === 3,
    "the step of now",
  );
  assert.deepEqual([fleet.clients!.hour.length, fleet.clients!.day.length], [720, 1440]);
  const { server } = await ask<{ server: Kept["fleet"] }>("/dashboard/history?server=sfu-a:1");
  assert.equal(server.load!.hour.at(-1), 0.5);
  const { customer } = await ask<{ customer: Kept["fleet"] }>("/dashboard/history?customer=acme");
  assert.equal(customer.peers!.hour.at(-1), 3);
  const minutes = await ask<Record<string, (number | null)[]>>("/dashboard/minutes");
  assert.equal(minutes["sfu-a:1"]!.length, 60);
  assert.equal(minutes["sfu-a:1"]!.at(-1), 0.5);
  assert.equal(await ask("/dashboard/history?server=nobody:1"), null);
});

Deno.test("what is refused to operators and on /internal is no refused Connect", async () => {
  await using gateway = await TestGateway.start({
    operations: { port: 0, users: USERS },
    internal: { users: [{ name: "sfu", password: "a password of servers" }] },
  });
  const headers = basic("viewer");
  const live = eventsOf(await fetch(`${gateway.operations}/dashboard/live`, { headers }));
  const refused = [
    () => fetch(`${gateway.operations}/rpc`, { method: "POST", body: STATUS }),
    () => fetch(`${gateway.operations}/no-such-path`, { headers }),
    () => fetch(`${gateway.operations}/rpc`, { method: "POST", headers, body: "no JSON" }),
    () =>
      fetch(`${gateway.operations}/rpc`, { method: "POST", headers, body: STATUS.replace("Status", "No") }),
    () => gateway.post(STATUS, {}, "/internal"),
    () => gateway.post(STATUS, { Authorization: "Bearer none" }),
  ];
  for (const ask of refused) await (await ask()).body?.cancel();
  for await (const { data } of live) {
    const { refusals = {} } = data as { refusals?: Record<string, number> };
    const rates = Object.entries(refusals);
    if (rates.length === 0) continue;
    assert.deepEqual(rates.map(([cause]) => cause), ["unauthorized"]);
    assert.ok(rates[0]![1] < 1.5 / 5, `${rates[0]![1]} a second, of one in 5 s`);
    break;
  }
});
