import assert from "node:assert/strict";
import { printable } from "./printable.ts";

/** What cannot be seen, or would be taken for U+0020. */
const UNSEEN =
  "\u00a0\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b\u180e\u2003\u200b\u202e\u202f\u206a\u2800\u3000\u3164\ufe00\ufe0f\ufeff\uffa0";

Deno.test("what cannot be seen in a text is written out, so that no two texts look alike for it", () => {
  for (const character of UNSEEN) {
    const written = `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    assert.equal(printable(`a${character}b`), `a${written}b`);
  }
  assert.equal(printable("a\u{e0100}b\u{e01ef}"), "a\\udb40\\udd00b\\udb40\\uddef");
  assert.equal(printable("a\ud800"), "a\\ud800");
});

Deno.test("what can be seen stays as it is", () => {
  for (const text of ["Zürich 字 😀", '  "indented": 1']) assert.equal(printable(text), text);
});
