/// <reference lib="dom" />
import { type ComponentChild, type ComponentChildren, h, type TargetedSubmitEvent } from "preact";
import { linkWith } from "./route.ts";

/** A field with its label. */
export function Field({ label, children }: { label: string; children: ComponentChildren }): ComponentChild {
  return h("label", { class: "field" }, h("span", null, label), children);
}

/** A choice of one out of several, each a value and the words for it. */
export function Select({ label, options, name, value, choose }: {
  label: string;
  options: readonly (readonly [value: string | number, words: string])[];
  /** Its name in a form. */
  name?: string;
  value?: string;
  choose?: (value: string) => void;
}): ComponentChild {
  return h(Field, {
    label,
    children: h(
      "select",
      {
        name,
        value,
        onChange: ({ currentTarget }: { currentTarget: HTMLSelectElement }) => choose?.(currentTarget.value),
      },
      options.map(([value, words]) => h("option", { value, key: value }, words)),
    ),
  });
}

/** A text that narrows what is shown while it is typed. */
export function TextFilter({ label, text, filter }: {
  label: string;
  text: string;
  filter: (text: string) => void;
}): ComponentChild {
  return h(Field, {
    label,
    children: h("input", {
      type: "search",
      value: text,
      onInput: ({ currentTarget }) => filter(currentTarget.value),
    }),
  });
}

/** Texts that a page can be searched by: names in its query, each with the words for it. */
export type SearchTexts = readonly (readonly [name: string, words: string])[];

/** A form that searches: what is in it is the query of the page. @param children further fields */
export function SearchForm({ page, query, texts, children }: {
  page: string;
  query: URLSearchParams;
  texts: SearchTexts;
  children?: ComponentChildren;
}): ComponentChild {
  const search = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = Array.from(new FormData(event.currentTarget), ([name, value]) => [name, String(value)]);
    location.hash = linkWith(page, Object.fromEntries(given));
  };
  return h(
    "form",
    { class: "filters", role: "search", onSubmit: search, key: String(query) },
    texts.map(([name, label]) =>
      h(Field, {
        label,
        key: name,
        children: h("input", { type: "search", name, maxLength: 1024, defaultValue: query.get(name) ?? "" }),
      })
    ),
    children,
    h("button", { type: "submit", class: "main" }, "Search"),
  );
}

/** What a page is searched by, without what is left empty. */
export function givenIn(query: URLSearchParams, texts: SearchTexts): Readonly<Record<string, string>> {
  const given = texts.map(([name]) => [name, query.get(name) ?? ""]).filter(([, value]) => value !== "");
  return Object.fromEntries(given);
}
