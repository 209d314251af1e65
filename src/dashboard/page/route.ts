/// <reference lib="dom" />
import { useEffect, useState } from "preact/hooks";

/** Where in the page somebody is: `#/room/acme/lobby?x=1` is page `room` with two names and a query. */
export interface Route {
  readonly page: string;
  readonly names: readonly string[];
  readonly query: URLSearchParams;
}

function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [page = "", ...names] = path.split("/");
  return {
    page: page === "" ? "overview" : page,
    names: names.map(decoded),
    query: new URLSearchParams(query),
  };
}

/** A link to a page, of names that may be anything. */
export function linkTo(page: string, ...names: readonly string[]): string {
  return `#/${[page, ...names.map(encoded)].join("/")}`;
}

/** The page with a query, of which empty values are left out. */
export function linkWith(page: string, query: Readonly<Record<string, string>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return given.length === 0 ? `#/${page}` : `#/${page}?${new URLSearchParams(given)}`;
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return routeOf(hash);
}

function encoded(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
