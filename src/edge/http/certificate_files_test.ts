import assert from "node:assert/strict";
import { concernAbout, daysLeft } from "./certificate_files.ts";

const DAY = 86_400_000;
const NOW = Date.parse("2026-06-01T00:00:00Z");

const certificates = [
  [-30, 90, undefined, "fine"],
  [-30, 14.5, undefined, "fine until two weeks before its end"],
  [-30, 13.5, /^ends in 13 days, on 2026-06-14T12:00:00\.000Z: renew it$/, "a warning in its last two weeks"],
  [-30, 0.5, /^ends in 0 days/, "a warning to the last"],
  [-30, -0.5, /^HAS ENDED on 2026-05-31/, "a warning once it has ended"],
  [1, 90, /^begins on 2026-06-02T.*: clients refuse it until then$/, "a warning before it begins"],
] as const;

for (const [begins, left, concern, what] of certificates) {
  Deno.test(`a certificate with ${left} days left, valid for ${-begins} days, is ${what}`, () => {
    const validity = { begins: new Date(NOW + begins * DAY), ends: new Date(NOW + left * DAY) };
    assert.equal(daysLeft(validity, NOW), left);
    const said = concernAbout(validity, NOW);
    if (concern === undefined) assert.equal(said, undefined);
    else assert.match(said ?? "", concern);
  });
}
