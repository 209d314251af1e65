/// <reference lib="dom" />
/**
 * The dashboard in the browser: its frame, and which page is shown.
 *
 * @module
 */
import { type ComponentChild, h, render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ActivityPage } from "./activity_page.ts";
import { BansPage } from "./bans_page.ts";
import { Said } from "./confirm.ts";
import { CustomerPage, CustomersPage } from "./customers_page.ts";
import { listen, useFleet } from "./fleet.ts";
import { NOTHING, timeOfDay } from "./format.ts";
import { KindsPage } from "./kinds_page.ts";
import { OverviewPage } from "./overview_page.ts";
import { RoomPage } from "./room_page.ts";
import { RoomsPage } from "./rooms_page.ts";
import { type Route, useRoute } from "./route.ts";
import { ServerPage } from "./server_page.ts";
import { ServersPage } from "./servers_page.ts";

/** The navigation: a page's name in the address, its title, and the pages below it. */
const PAGES: readonly { page: string; title: string; below?: string }[] = [
  { page: "overview", title: "Overview" },
  { page: "servers", title: "Servers", below: "server" },
  { page: "rooms", title: "Rooms", below: "room" },
  { page: "customers", title: "Customers", below: "customer" },
  { page: "bans", title: "Bans" },
  { page: "kinds", title: "Kinds" },
  { page: "activity", title: "Activity" },
];

function App(): ComponentChild {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const place = [route.page, ...route.names].join("/");
  const before = useRef(place);
  const title = PAGES.find(({ page, below }) => page === route.page || below === route.page)?.title ??
    "Not found";
  useEffect(() => {
    document.title = `${title} – ODIN Gateway`;
    if (before.current === place) return;
    before.current = place;
    main.current?.focus(); // so that a screen reader goes on at the new page
    scrollTo(0, 0);
  }, [place]);
  return h(
    "div",
    { class: "frame" },
    h("a", { class: "skip", href: "#main", onClick: skip(main) }, "Skip to the page"),
    h(
      "header",
      null,
      h("strong", { class: "product" }, "ODIN Gateway"),
      h(
        "nav",
        { "aria-label": "Pages" },
        h(
          "ul",
          null,
          PAGES.map(({ page, title, below }) => {
            const current = page === route.page ? "page" : below === route.page ? "true" : undefined;
            return h("li", { key: page }, h("a", { href: `#/${page}`, "aria-current": current }, title));
          }),
        ),
      ),
      h(Connection, null),
    ),
    h("main", { id: "main", ref: main, tabIndex: -1, key: place }, contentOf(route)),
    h(Said, null),
    h(Footer, null),
  );
}

function contentOf({ page, names: [first, second], query }: Route): ComponentChild {
  switch (page) {
    case "overview":
      return h(OverviewPage, null);
    case "servers":
      return h(ServersPage, null);
    case "server":
      return first === undefined ? h(NotFound, null) : h(ServerPage, { address: first });
    case "rooms":
      return h(RoomsPage, { query });
    case "room":
      if (first === undefined || second === undefined) return h(NotFound, null);
      return h(RoomPage, { namespace: first, name: second });
    case "customers":
      return h(CustomersPage, { query });
    case "customer":
      return first === undefined ? h(NotFound, null) : h(CustomerPage, { id: first });
    case "bans":
      return h(BansPage, { query });
    case "kinds":
      return h(KindsPage, null);
    case "activity":
      return h(ActivityPage, null);
    default:
      return h(NotFound, null);
  }
}

function skip(main: { readonly current: HTMLElement | null }): (event: Event) => void {
  return (event) => {
    event.preventDefault();
    main.current?.focus();
  };
}

function NotFound(): ComponentChild {
  return h(
    "section",
    null,
    h("h1", null, "There is no such page"),
    h("p", null, h("a", { href: "#/" }, "To the overview")),
  );
}

/** Whether what is shown is of now. */
function Connection(): ComponentChild {
  const { heard, lost } = useFleet();
  const text = lost === undefined
    ? heard === 0 ? "… connecting" : "● live"
    : heard === 0
    ? `✗ ${lost}`
    : `✗ ${lost} What you see is of ${timeOfDay(heard)}; it goes on by itself.`;
  return h("p", { class: lost === undefined ? "connection" : "connection lost", role: "status" }, text);
}

function Footer(): ComponentChild {
  const { greeting } = useFleet();
  if (greeting === undefined) return h("footer", null, NOTHING);
  const { user, mayChange, version } = greeting;
  const who = user === null ? "no users are configured" : `user ${user}`;
  return h(
    "footer",
    null,
    `version ${version === "" ? NOTHING : version} · ${who} · ${
      mayChange ? "may change things" : "may look only"
    }`,
  );
}

listen();
render(h(App, null), document.getElementById("page")!);
