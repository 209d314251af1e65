import { createHash } from "node:crypto";
import { GATEWAYS, OPEN_HAND_OVERS } from "../../fleet/mod.ts";
import { CLAIMS } from "./lua/claims.ts";
import { COMMIT } from "./lua/commit.ts";
import { GROUND } from "./lua/ground.ts";
import { LOG } from "./lua/log.ts";
import { MEMBERS } from "./lua/members.ts";
import { OFFERS } from "./lua/offers.ts";
import { RECORDS } from "./lua/records.ts";
import { RULES } from "./lua/rules.ts";
import { VALUES } from "./lua/values.ts";

/** For how long a gateway counts as alive after its last beat, in milliseconds. */
const LEASE = 2000;

/** After how long a gateway counts as missing that gives no sign of life, two of which have not come, and for how long, in ms. */
const LATE = 1200;
const MISSED_FOR = 30_000;

/** For how long what was changed can be followed, in milliseconds; and what has ended is not put in again by `offer`. */
export const HISTORY = 120_000;

/** Entries that the log has at most, more or less, while a clock that was set back leaves open how old they are. */
const LONGEST = 100_000;

/** For how long the last commit of a gateway is answered again, in milliseconds. */
const REPEAT = 60_000;

/** Bans whose end nobody has told of are forgotten after so long, in milliseconds. */
export const ENDED_FOR = 3_600_000;

/** Digits that the time has at most at which a text was made, of those of which the newest counts. */
export const MADE_DIGITS = 15;

/** The functions that gateways call. */
const FUNCTIONS = [
  ...["hello", "beat", "bye", "gateways"],
  ...["commit", "tail", "resume", "missing", "claim", "lead", "resign", "share", "forget", "again"],
  ...["newest", "keep", "mark"],
];

/**
 * The function library that runs within Redis: each function is one step that nothing comes between. The rules are those of
 * `rules.ts`, to the letter.
 *
 * Texts are opaque. Whatever comes from a caller is JSON, which has no line break of its own, so records are JSON texts
 * joined by line breaks, and answers are put together from them; nothing is parsed, and numbers keep their digits. Keys of
 * hashes are JSON texts as well: of a server `"host:port"`, of a group `["namespace","group"]`.
 *
 * | key, after the prefix | type | content |
 * | --- | --- | --- |
 * | `meta` | hash | `format`; `epoch`, which tells this data set from all others; `offered`, once a gateway put in what it knew |
 * | `n` | string | place of the last change; starts with the time in microseconds, so that no epoch has another's places |
 * | `log` | stream | `n` place of the first change, `k` how many places, `g` gateway, `r` request, `c` the accepted changes |
 * | `mark` | string | a place, written for replicas to have everything before it |
 * | `numbers` | string | the last number that a gateway got |
 * | `gw:NUMBER` | string | incarnation of a gateway that lives |
 * | `members` | hash | of each gateway: version, place that it has been told up to, then names and texts of its settings, and of `beat` the time of its last |
 * | `last:NUMBER` | string | the last request of a gateway, and its answer |
 * | `servers` | hash | first seen, sums, report, plan, whether draining, enabled, evicting |
 * | `groups` | hash | server, leave, then of each room its id and what is kept of it |
 * | `bans`, `tasks`, `kinds`, `names` | hash | ban: until, ban; task: server, order, task; kind: sizes; name: what is known |
 * | `explanations` | hash | of a group: why it is where it was placed |
 * | `explained` | sorted set | groups of these, by the place of the change |
 * | `ended` | sorted set | bans, tasks and servers that have ended lately |
 * | `hand:SERVER` | string | gateway that hands over tasks, and the id of the hand-over |
 * | `handed` | hash | of a server: id and tasks of each hand-over whose fate is open |
 * | `lead:NAME` | string | gateway that does something for all, and its incarnation |
 * | `lic:CUSTOMER` | hash | share of each gateway: peers, rooms, until; `back` place of the last that was given back |
 * | `again` | hash | of what was made again lately after a loss: up to which place of before |
 * | `value:NAME` | string | values; of those of which the newest counts: when it was made, and the text |
 */
const TEXT = [
  `local LEASE, HISTORY, REPEAT, ENDED_FOR = ${LEASE}, ${HISTORY}, ${REPEAT}, ${ENDED_FOR}`,
  `local MADE, LATE, MISSED_FOR = ${MADE_DIGITS}, ${LATE}, ${MISSED_FOR}`,
  `local GATEWAYS, OPEN, LONGEST = ${GATEWAYS - 1}, ${OPEN_HAND_OVERS}, ${LONGEST}`,
  ...[GROUND, RECORDS, RULES, OFFERS, COMMIT, LOG, MEMBERS, CLAIMS, VALUES],
].join("\n");

/**
 * Name of the library, and beginning of its functions' names. Another text has another name, so gateways of two versions get
 * along with one Redis.
 */
export const LIBRARY = `odin_gateway_${createHash("sha256").update(TEXT).digest("hex").slice(0, 12)}`;

/** The library as Redis loads it. */
export const LIBRARY_TEXT = [
  `#!lua name=${LIBRARY}`,
  TEXT,
  ...FUNCTIONS.map((name) => `redis.register_function("${LIBRARY}_${name}", ${name})`),
].join("\n");
