import type { Mutant } from "./mutant.ts";

export const redis: readonly Mutant[] = [
  {
    file: "src/store/redis/follower.ts",
    find: "await lost(this.#recent.newest(Number(missing)));",
    put: "",
    breaks: "what was replaced or ended comes back with older data of Redis",
  },
  {
    file: "src/store/redis/lua/rules.ts",
    find: "    if open[i] == id then",
    put: "    if false then",
    breaks: "an answer whose fate was told is open in Redis for good",
  },
  {
    file: "src/store/redis/lua/claims.ts",
    find: " and holder[2] and lives(prefix, holder[1], holder[2]) then",
    put: " and holder[2] then",
    breaks: "the lead in Redis outlives the gateway that has it",
  },
  {
    file: "src/store/redis/lua/claims.ts",
    find: '  redis.call("SET", key, number .. "\\n" .. incarnation, "PX", args[4])',
    put: '  redis.call("SET", key, number .. "\\n" .. incarnation)',
    breaks: "a gateway that has stopped asking keeps the lead for ever",
  },
  {
    file: "src/store/redis/lua/rules.ts",
    find: "  if not group or group[SERVER] ~= server then return nil end\n  tx.explained[key]",
    put: "  tx.explained[key]",
    breaks: "a group is explained by a placement that another gateway was first to",
  },
  {
    file: "src/store/redis/lua/records.ts",
    find: '  redis.call("HDEL", hash, unpack(oldest))\n',
    put: "",
    breaks: "explanations fill the memory of Redis",
  },
  {
    file: "src/store/redis/store.ts",
    find: "    await this.#outgoing.flush();\n    const key",
    put: "    const key",
    breaks: "a gateway does not know yet why it has placed a room",
  },
  {
    file: "src/store/redis/lua/commit.ts",
    find: 'if not lives(prefix, number, incarnation) then return FENCED end\n  local last = redis.call("GET"',
    put: 'local last = redis.call("GET"',
    breaks: "a gateway that was taken for dead changes things",
  },
  {
    file: "src/store/redis/lua/members.ts",
    find: 'if differs then return { err = "DIFFERS " .. differs } end',
    put: 'if differs and former == "" then return { err = "DIFFERS " .. differs } end',
    breaks: "a gateway comes back to others that have another setting",
  },
  {
    file: "src/store/redis/lua/claims.ts",
    find: "local newer = place < tonumber(args[i + 1])",
    put: "local newer = place == -1",
    breaks: "of what was lost an earlier change is made again instead of the last",
  },
  {
    file: "src/store/redis/lua/commit.ts",
    find: "if result ~= true and not entry.lines then take_apart(entry) end",
    put: "",
    breaks: "what was refused is told",
  },
  {
    file: "src/store/redis/lua/commit.ts",
    find: "if table.remove(answer, 1) == request then return answer end",
    put: "table.remove(answer, 1)",
    breaks: "a request that is sent again is carried out again",
  },
  {
    file: "src/store/redis/lua/rules.ts",
    find: 'if group[SERVER] ~= from or (alive ~= "1" and retains(tx, group[SERVER])) then',
    put: 'if group[SERVER] ~= from or alive ~= "1" and false then',
    breaks: "a group is moved off a server that is alive",
  },
  {
    file: "src/store/redis/lua/rules.ts",
    find:
      '  set_room(group, id, room)\n  group[LEAVE] = ""\n  set_group(tx, key, group)\n  return true\nend\n\nrules["room-closed"]',
    put:
      '  set_room(group, id, room)\n  set_group(tx, key, group)\n  return true\nend\n\nrules["room-closed"]',
    breaks: "a group is released in which a room was opened",
  },
  {
    file: "src/store/redis/lua/rules.ts",
    find: "known and split(known)[2] or integer(tx.place)",
    put: "integer(tx.place)",
    breaks: "a task that moves goes to the end",
  },
  {
    file: "src/store/redis/lua/log.ts",
    find: '  if first <= last then return "stored" end\n',
    put: "",
    breaks: "that something was lost is taken for a log that was trimmed",
  },
  {
    file: "src/store/redis/lua/claims.ts",
    find: "if ends and ends < ended then",
    put: "if ban and ends < ended then",
    breaks: "a damaged ban keeps every gateway from starting",
  },
  {
    file: "src/store/redis/lua/records.ts",
    find: "if #part >= 7 and ",
    put: "if true or ",
    breaks: "a damaged row of one server takes the store from all",
  },
  {
    file: "src/store/redis/lua/records.ts",
    find: "local written, reason = pcall(write_explanations, tx)",
    put: "local written, reason = true, write_explanations(tx)",
    breaks: "no room is placed where it cannot be kept why",
  },
  {
    file: "src/store/redis/sentinels.ts",
    find: "        unusable ??= error;\n",
    put: "        throw error;\n",
    breaks: "a sentinel that names who is gone keeps a gateway from the primary",
  },
  {
    file: "src/store/redis/sentinels.ts",
    find: "b.epoch - a.epoch",
    put: "a.epoch - b.epoch",
    breaks: "a sentinel that was cut off is believed rather than one that has seen the failover",
  },
  {
    file: "src/store/redis/session.ts",
    find: '(error.kind !== "refused" || commits)',
    put: "true",
    breaks: "what is refused to one call fails all others",
  },
  {
    file: "src/store/redis/lua/claims.ts",
    find: "if tonumber(args[10]) < back then return { integer(back) } end",
    put: "",
    breaks: "what was given back is shared by who does not know of the report",
  },
  {
    file: "src/store/redis/lua/offers.ts",
    find: '  if redis.call("ZSCORE", tx.prefix .. "ended", "task" .. sequence) then return nil end\n',
    put: "",
    breaks: "a task that was done is put in again",
  },
  {
    file: "src/store/redis/lua/rules.ts",
    find: 'if #group >= ROOMS or group[LEAVE] ~= "" then',
    put: 'if group[LEAVE] ~= "" then',
    breaks: "a group with a room leaves",
  },
  {
    file: "src/store/redis/lua/records.ts",
    find: "    if group.places then group.places[id] = at end\n",
    put: "",
    breaks: "a further room of a large group is there twice once it changes",
  },
  {
    file: "src/store/redis/lua/records.ts",
    find: "    group.places[group[last]] = at\n",
    put: "",
    breaks: "of a large group the room is lost that stood last when another one ended",
  },
  {
    file: "src/store/redis/follower.ts",
    find: '        if (error instanceof Fault && error.kind === "outdated") break;\n',
    put: "",
    breaks: "a change of a later version that must not be passed over is passed over at the next attempt",
  },
  {
    file: "src/store/redis/changes.ts",
    find: "      if (String(type).startsWith(NEEDED))",
    put: "      if (false)",
    breaks: "a change of a later version that must not be passed over is passed over",
  },
  {
    file: "src/store/redis/follower.ts",
    find: "    if (own) await turn();\n",
    put: "",
    breaks: "what came after a commit is told before whatever waits for it has run",
  },
  {
    file: "src/store/redis/follower.ts",
    find:
      '    if (Number(first) !== this.#position.last + 1) {\n      this.suspect("told");\n      return 0;\n    }\n',
    put: "",
    breaks: "a gap in the log is not noticed",
  },
  {
    file: "src/store/redis/follower.ts",
    find: "    if (last <= this.#position.last) return 0; // what was loaded has it\n",
    put: "",
    breaks: "what was loaded is told again",
  },
  {
    file: "src/store/redis/outgoing.ts",
    find: "commits.toReversed()",
    put: "commits",
    breaks: "calls that fail together are refused from the oldest on",
  },
  {
    file: "src/store/redis/outgoing.ts",
    find: "if (commits > 0 && changes + commit.changes.length > FULL) break;",
    put: "",
    breaks: "a batch is as large as it likes",
  },
  {
    file: "src/store/redis/store.ts",
    find:
      '    if (this.#opened) this.#follower?.suspect("told"); // what was refused has to be made up for\n',
    put: "",
    breaks: "what was refused while Redis was away is never made up for",
  },
  {
    file: "src/store/redis/store.ts",
    find: "    await this.#outgoing.flush();\n    return await setShare(",
    put: "    return await setShare(",
    breaks: "a share is given back before the report that it is given back for",
  },
  {
    file: "src/store/redis/session.ts",
    find: '    if (fault.kind === "fenced") this.#lapsed = true;\n',
    put: "",
    breaks: "a gateway that was taken for dead never joins again",
  },
  {
    file: "src/store/redis/fault.ts",
    find: 'this.passes = passes ?? (kind !== "refused" && kind !== "outdated");',
    put: "this.passes = passes ?? false;",
    breaks: "a Redis that does not answer in time is taken for a mistake",
  },
  {
    file: "src/store/redis/sentinels.ts",
    find: "passes: silent instanceof Fault && silent.passes,",
    put: "passes: true,",
    breaks: "a name that the sentinels do not know is taken for what passes by itself",
  },
  {
    file: "src/store/redis/fault.ts",
    find:
      '    /^(WRONGPASS|NOAUTH|ERR AUTH|ERR Client sent AUTH|ERR invalid password)/,\n    "lost",\n    MISTAKE,',
    put:
      '    /^(WRONGPASS|NOAUTH|ERR AUTH|ERR Client sent AUTH|ERR invalid password)/,\n    "lost",\n    PASSES,',
    breaks: "a wrong password is taken for what passes by itself",
  },
  {
    file: "src/store/redis/deadline.ts",
    find: "if (performance.now() - due < STOOD_STILL) return act();",
    put: "return act();",
    breaks: "a gateway that stood still takes Redis for late",
  },
  {
    file: "src/store/redis/redis_clock.ts",
    find: "Math.min(most, Math.max(least,",
    put: "Math.max(most, Math.max(least,",
    breaks: "a worse round trip moves the time",
  },
];
