import assert from "node:assert/strict";
import { foreignBrowser, foreignPage, isBrowserHeader, isFromBrowser } from "./own_page.ts";

/** A request with these headers, as the checks look at it. */
function asked(method: string, host: string, headers: Readonly<Record<string, string>>) {
  return { method, hosts: [host], header: (name: string) => headers[name] };
}

const JSON_TYPE = { "content-type": "application/json" };
const NAVIGATES = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

const pages: [string, boolean, string, string, Record<string, string>][] = [
  ["no browser at all", true, "POST", "ops:1", {}],
  ["its own page", true, "POST", "ops:1", {
    origin: "http://ops:1",
    "sec-fetch-site": "same-origin",
    ...JSON_TYPE,
  }],
  ["a type with a charset", true, "POST", "ops:1", {
    origin: "http://ops:1",
    "content-type": "Application/JSON; charset=utf-8",
  }],
  ["the default port of HTTP", true, "POST", "ops:80", { origin: "http://ops", ...JSON_TYPE }],
  ["the default port of HTTPS", true, "POST", "ops:443", { origin: "https://ops", ...JSON_TYPE }],
  ["a name in capitals", true, "POST", "OPS:1", { origin: "http://ops:1", ...JSON_TYPE }],
  ["a link on another site", true, "GET", "ops:1", { "sec-fetch-site": "cross-site", ...NAVIGATES }],
  ["another site", false, "POST", "ops:1", { origin: "http://evil", ...JSON_TYPE }],
  ["another port", false, "POST", "ops:1", { origin: "http://ops:2", ...JSON_TYPE }],
  ["another default port", false, "POST", "ops:80", { origin: "https://ops", ...JSON_TYPE }],
  ["no origin that it tells", false, "POST", "ops:1", { origin: "null", ...JSON_TYPE }],
  ["another site's fetch", false, "GET", "ops:1", {
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "no-cors",
  }],
  ["another site's frame", false, "GET", "ops:1", {
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "iframe",
  }],
  ["a form on another site", false, "POST", "ops:1", {
    "sec-fetch-site": "cross-site",
    ...NAVIGATES,
    ...JSON_TYPE,
  }],
  ["a sub-domain", false, "GET", "ops:1", { "sec-fetch-site": "same-site" }],
  ["a form", false, "POST", "ops:1", { origin: "http://ops:1", "content-type": "text/plain" }],
  ["a type that begins like JSON's", false, "POST", "ops:1", {
    origin: "http://ops:1",
    "content-type": "application/jsonx",
  }],
  ["no type", false, "POST", "ops:1", { "sec-fetch-site": "same-origin" }],
];

for (const [what, own, method, host, headers] of pages) {
  Deno.test(`a page may call its own listener, and no other page may: ${what}`, () => {
    assert.equal(foreignPage(asked(method, host, headers)) === undefined, own);
  });
}

const OWN = { hostname: "gw-box", isPage: (path: string) => path === "/" };

const browsers: [string, boolean, string, string, Record<string, string>][] = [
  ["the page by address", true, "/", "127.0.0.1:7001", {}],
  ["the page by IPv6", true, "/", "[::1]:7001", {}],
  ["the page by localhost", true, "/", "localhost:7001", {}],
  ["a name below localhost", false, "/", "Gateway.LocalHost", {}],
  ["the page by the configured name", true, "/", "GW-box:7001", {}],
  ["news of its page", true, "/live", "localhost:7001", { referer: "http://localhost:7001/" }],
  ["a call of its page", true, "/rpc", "[::1]:7001", { origin: "http://[::1]:7001" }],
  ["a rebound name", false, "/", "rebound.example:7001", {}],
  ["a name without dots", false, "/", "intranet", {}],
  ["a name that ends like localhost", false, "/", "evillocalhost", {}],
  ["a name that begins like loopback", false, "/", "127.0.0.1.evil.example", {}],
  ["no host", false, "/", "", {}],
  ["figures without a page", false, "/metrics", "127.0.0.1:7001", {}],
  ["a page behind a proxy", false, "/live", "127.0.0.1:7001", { referer: "https://ops.example/" }],
  ["a page on another port", false, "/live", "127.0.0.1:7001", { referer: "http://127.0.0.1:80/" }],
];

for (const [what, here, path, host, headers] of browsers) {
  Deno.test(`without users only this machine's browser is let in: ${what}`, () => {
    assert.equal(foreignBrowser(asked("GET", host, headers), path, OWN) === undefined, here);
  });
}

Deno.test("what browsers send of themselves is known, and a proxy's headers are not among it", () => {
  for (const name of ["sec-fetch-site", "sec-ch-ua", "origin", "referer", "cookie"]) {
    assert.ok(isBrowserHeader(name), name);
  }
  for (const name of ["via", "forwarded", "x-forwarded-for", "x-real-ip", "cf-ray"]) {
    assert.ok(!isBrowserHeader(name), name);
  }
  assert.equal(isFromBrowser(asked("GET", "x", { "sec-fetch-mode": "cors" })), false);
});
