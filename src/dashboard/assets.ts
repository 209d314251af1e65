/**
 * What the browser gets, as text: the page's own sources, with their types stripped by the runtime when they are first asked
 * for, and Preact from its package. Imported as text, so that they are there without a permission to read files, in every
 * kind of package, and nothing is built.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { stripTypeScriptTypes } from "node:module";
import { constants, gzipSync } from "node:zlib";
import preact from "preact" with { type: "text" };
import hooks from "preact/hooks" with { type: "text" };
import printable from "../printable.ts" with { type: "text" };
import newest from "./newest.ts" with { type: "text" };
import page from "./page/index.html" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import style from "./page/style.css" with { type: "text" };
import activityPage from "./page/activity_page.ts" with { type: "text" };
import app from "./page/app.ts" with { type: "text" };
import bansPage from "./page/bans_page.ts" with { type: "text" };
import chart from "./page/chart.ts" with { type: "text" };
import confirm from "./page/confirm.ts" with { type: "text" };
import customersPage from "./page/customers_page.ts" with { type: "text" };
import fields from "./page/fields.ts" with { type: "text" };
import fleet from "./page/fleet.ts" with { type: "text" };
import format from "./page/format.ts" with { type: "text" };
import heat from "./page/heat.ts" with { type: "text" };
import kindsPage from "./page/kinds_page.ts" with { type: "text" };
import lists from "./page/lists.ts" with { type: "text" };
import name from "./page/name.ts" with { type: "text" };
import news from "./page/news.ts" with { type: "text" };
import overviewPage from "./page/overview_page.ts" with { type: "text" };
import parts from "./page/parts.ts" with { type: "text" };
import recorded from "./page/recorded.ts" with { type: "text" };
import roomPage from "./page/room_page.ts" with { type: "text" };
import roomsPage from "./page/rooms_page.ts" with { type: "text" };
import route from "./page/route.ts" with { type: "text" };
import rpc from "./page/rpc.ts" with { type: "text" };
import serverActions from "./page/server_actions.ts" with { type: "text" };
import serverLoad from "./page/server_load.ts" with { type: "text" };
import serverPage from "./page/server_page.ts" with { type: "text" };
import serversPage from "./page/servers_page.ts" with { type: "text" };
import sharedNews from "./page/shared_news.ts" with { type: "text" };
import told from "./page/told.ts" with { type: "text" };

/** A file as it is sent, with what names it in that form (RFC 9110 §8.8.3). */
export interface Form {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly tag: string;
}

/** A file that the browser gets. */
export interface Asset {
  readonly type: string;
  readonly plain: Form;
  readonly zipped: Form;
}

/** Where each file is; all scripts are in one folder, whatever folder they come from. */
const FOLDER = "/dashboard/";

const SCRIPTS: Readonly<Record<string, string>> = {
  "activity_page.ts": activityPage,
  "app.ts": app,
  "bans_page.ts": bansPage,
  "chart.ts": chart,
  "confirm.ts": confirm,
  "customers_page.ts": customersPage,
  "fields.ts": fields,
  "fleet.ts": fleet,
  "format.ts": format,
  "heat.ts": heat,
  "kinds_page.ts": kindsPage,
  "lists.ts": lists,
  "name.ts": name,
  "news.ts": news,
  "newest.ts": newest,
  "overview_page.ts": overviewPage,
  "parts.ts": parts,
  "recorded.ts": recorded,
  "room_page.ts": roomPage,
  "rooms_page.ts": roomsPage,
  "route.ts": route,
  "rpc.ts": rpc,
  "server_actions.ts": serverActions,
  "server_load.ts": serverLoad,
  "server_page.ts": serverPage,
  "servers_page.ts": serversPage,
  "shared_news.ts": sharedNews,
  "told.ts": told,
  "printable.ts": printable,
};

/** Scripts of others, which are JavaScript already. */
const PACKAGES: Readonly<Record<string, string>> = { "preact.js": preact, "hooks.js": hooks };

/** How modules name what is in another place in the browser. */
const PLACES: Readonly<Record<string, string>> = {
  "preact": "./preact.js",
  "preact/hooks": "./hooks.js",
  "../../printable.ts": "./printable.ts",
  "../newest.ts": "./newest.ts",
};

const SCRIPT = "text/javascript; charset=utf-8";

/** All files by their paths, each made when it is first asked for; `/` is the page. */
export const assets: ReadonlyMap<string, () => Asset> = new Map([
  asset("/", "text/html; charset=utf-8", () => page),
  asset(`${FOLDER}style.css`, "text/css; charset=utf-8", () => style),
  asset(`${FOLDER}icon.svg`, "image/svg+xml", () => icon),
  ...Object.entries(SCRIPTS).map(([name, source]) =>
    asset(FOLDER + name, SCRIPT, () => inPlace(stripTypeScriptTypes(source)))
  ),
  ...Object.entries(PACKAGES).map(([name, source]) => asset(FOLDER + name, SCRIPT, () => inPlace(source))),
]);

export const ASSETS: readonly string[] = [...assets.keys()];

function asset(path: string, type: string, make: () => string): [string, () => Asset] {
  let made: Asset | undefined;
  return [path, () => made ??= assetOf(make(), type)];
}

function assetOf(text: string, type: string): Asset {
  const hash = createHash("sha256").update(text).digest("base64url").slice(0, 22);
  const zipped = new Uint8Array(gzipSync(text, { level: constants.Z_BEST_COMPRESSION }));
  return { type, plain: { body: text, tag: `"${hash}"` }, zipped: { body: zipped, tag: `"${hash}-gzip"` } };
}

/** A script whose imports name files that the browser can get. */
function inPlace(script: string): string {
  return script.replace(/(\bfrom\s*)"([^"]+)"/g, (all, from: string, name: string) => {
    const place = PLACES[name];
    return place === undefined ? all : `${from}"${place}"`;
  }).replace(/^\/\/# sourceMappingURL=.*$/m, "");
}
