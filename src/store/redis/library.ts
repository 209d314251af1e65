import { GATEWAYS } from "../../fleet/mod.ts";

/** Functions of this name are called; another text needs another name, so that gateways of two versions get along. */
export const LIBRARY = "odin_gateway_v1";

/** For how long a gateway counts as alive after its last beat, in milliseconds. */
export const LEASE = 2000;

/** For how long what was changed can be followed, in milliseconds; and what has ended is not put in again by `offer`. */
export const HISTORY = 120_000;

/** Bans whose end nobody has told of are forgotten after so long, in milliseconds. */
export const ENDED_FOR = 3_600_000;

/** For how long the last commit of a gateway is answered again, in milliseconds. */
const REPEAT = 60_000;

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
 * | `meta` | hash | `format`; `epoch`, which tells this data set from all others |
 * | `n` | string | place of the last change; starts with the time in microseconds, so that no epoch has another's places |
 * | `log` | stream | `n` place of the first change, `k` how many places, `g` gateway, `r` request, `c` the accepted changes |
 * | `numbers` | string | the last number that a gateway got |
 * | `gw:NUMBER` | string | incarnation of a gateway that lives |
 * | `members` | hash | of each gateway: version, place that it has been told up to, then names and texts of its settings |
 * | `last:NUMBER` | string | the last request of a gateway, and its answer |
 * | `servers` | hash | first seen, sums, report, plan, whether draining, enabled, evicting |
 * | `groups` | hash | server, leave, then of each room its id and what is kept of it |
 * | `bans`, `tasks`, `kinds` | hash | ban: until, ban; task: server, order, task; kind: sizes |
 * | `ended` | sorted set | bans and tasks that have ended lately |
 * | `hand:SERVER` | string | gateway that hands over tasks, and the id of the hand-over |
 * | `lic:CUSTOMER` | hash | share of each gateway: peers, rooms, until; `back` place of the last that was given back |
 * | `value:NAME` | string | values |
 */
export const LIBRARY_TEXT = `#!lua name=${LIBRARY}

local FORMAT = "1"
local GATEWAYS = ${GATEWAYS - 1}
local AT_ONCE = 1000 -- values that a command gets at most, as the stack of Lua is limited

local function split(record)
  local parts = {}
  for part in string.gmatch(record .. "\\n", "([^\\n]*)\\n") do parts[#parts + 1] = part end
  return parts
end

local function integer(number)
  return string.format("%.0f", number)
end

local function time()
  local now = redis.call("TIME")
  return tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
end

local function last_place(prefix)
  return tonumber(redis.call("GET", prefix .. "n") or "-1")
end

local function lives(prefix, number, incarnation)
  return redis.call("GET", prefix .. "gw:" .. number) == incarnation
end

local FENCED = { err = "FENCED this gateway was taken for dead" }

-- What one commit reads and writes: each record is taken apart once and put together once.

local function begin(prefix)
  return {
    prefix = prefix, now = time(), servers = {}, groups = {}, changed_servers = {}, changed_groups = {},
    instead = {}, doubtful = {},
  }
end

local function server_of(tx, key)
  local server = tx.servers[key]
  if server == nil then
    local record = redis.call("HGET", tx.prefix .. "servers", key)
    server = false
    if record then
      local part = split(record)
      server = {
        first = part[1], told = part[2], report = part[3], plan = part[4],
        draining = part[5] == "1", enabled = part[6] == "1", evicting = part[7] == "1",
      }
    end
    tx.servers[key] = server
  end
  return server
end

local function set_server(tx, key, server)
  tx.servers[key] = server
  tx.changed_servers[key] = true
end

local function group_from(record)
  if not record then return false end
  local part = split(record)
  local group = { server = part[1], leave = part[2], ids = {}, rooms = {}, at = {}, count = 0 }
  for i = 3, #part, 2 do
    local id = part[i]
    local at = #group.ids + 1
    group.ids[at] = id
    group.at[id] = at
    group.rooms[id] = part[i + 1]
    group.count = group.count + 1
  end
  return group
end

-- Reads groups that will be asked for, many at a time.
local function fetch_groups(tx, keys)
  for from = 1, #keys, AT_ONCE do
    local to = math.min(from + AT_ONCE - 1, #keys)
    local records = redis.call("HMGET", tx.prefix .. "groups", unpack(keys, from, to))
    for i = from, to do tx.groups[keys[i]] = group_from(records[i - from + 1]) end
  end
end

local function group_of(tx, key)
  if tx.groups[key] == nil then fetch_groups(tx, { key }) end
  return tx.groups[key]
end

local function set_group(tx, key, group)
  tx.groups[key] = group
  tx.changed_groups[key] = true
end

local function new_group(server)
  return { server = server, leave = "", ids = {}, rooms = {}, at = {}, count = 0 }
end

local function set_room(group, id, room)
  if group.rooms[id] == nil then
    local at = #group.ids + 1
    group.ids[at] = id
    group.at[id] = at
    group.count = group.count + 1
  end
  group.rooms[id] = room
end

local function remove_room(group, id)
  if group.rooms[id] == nil then return end
  group.ids[group.at[id]] = false
  group.at[id] = nil
  group.rooms[id] = nil
  group.count = group.count - 1
end

-- Whether a server keeps the groups that it has: it is heard, and not to be empty by now.
local function retains(tx, key)
  local server = server_of(tx, key)
  return server and server.enabled and not server.evicting
end

-- Writes what was changed; a value that is false is removed.
local function write(hash, changed, values, text)
  local put, removed = {}, {}
  for key in pairs(changed) do
    if values[key] then
      put[#put + 1] = key
      put[#put + 1] = text(values[key])
    else
      removed[#removed + 1] = key
    end
  end
  for i = 1, #put, AT_ONCE do redis.call("HSET", hash, unpack(put, i, math.min(i + AT_ONCE - 1, #put))) end
  for i = 1, #removed, AT_ONCE do
    redis.call("HDEL", hash, unpack(removed, i, math.min(i + AT_ONCE - 1, #removed)))
  end
end

local function server_text(server)
  local flag = function(on) return on and "1" or "" end
  return table.concat({
    server.first, server.told, server.report, server.plan,
    flag(server.draining), flag(server.enabled), flag(server.evicting),
  }, "\\n")
end

local function group_text(group)
  local parts = { group.server, group.leave }
  for _, id in ipairs(group.ids) do
    if id then
      parts[#parts + 1] = id
      parts[#parts + 1] = group.rooms[id]
    end
  end
  return table.concat(parts, "\\n")
end

local function finish(tx)
  write(tx.prefix .. "servers", tx.changed_servers, tx.servers, server_text)
  write(tx.prefix .. "groups", tx.changed_groups, tx.groups, group_text)
end

local function tell_instead(tx, text)
  tx.instead[#tx.instead + 1] = text
end

local function doubt(tx, key)
  if tx.doubtful[key] then return end
  tx.doubtful[key] = true
  tx.doubtful[#tx.doubtful + 1] = key
end

local function tell_group_as_it_is(tx, key)
  local names = string.sub(key, 2, -2)
  local group = group_of(tx, key)
  if not group then
    tell_instead(tx, '["group-released",' .. names .. ',"",null]')
    return
  end
  tell_instead(tx, '["group-placed",' .. names .. "," .. group.server .. "]")
  for _, id in ipairs(group.ids) do
    if id then
      tell_instead(tx, '["room-opened",' .. id .. "," .. group.server .. "," .. group.rooms[id] .. "]")
    end
  end
  if group.leave ~= "" then
    tell_instead(tx, '["group-leaving",' .. names .. "," .. group.server .. "," .. group.leave .. "]")
  end
end

local function end_for_good(tx, key)
  redis.call("ZADD", tx.prefix .. "ended", integer(tx.now), key)
  redis.call("ZREMRANGEBYSCORE", tx.prefix .. "ended", "-inf", integer(tx.now - ${HISTORY}))
end

-- What becomes of each change: accepted (true, or the text to tell), or not.
-- A change is what others are told, a key, and up to three texts more.

local rules = {}

rules["tell"] = function() return true end

rules["none"] = function() return false end

rules["server-appeared"] = function(tx, key, first, told, plan)
  if server_of(tx, key) then return false end
  set_server(tx, key, {
    first = first, told = told, report = '""', plan = plan, draining = false, enabled = true, evicting = false,
  })
  return true
end

rules["server-reported"] = function(tx, key, report, told)
  local server = server_of(tx, key)
  if not server then
    tell_instead(tx, '["server-removed",' .. key .. ',""]')
    return false
  end
  server.report = report
  server.told = told
  server.enabled = true
  set_server(tx, key, server)
  return true
end

rules["server-planned"] = function(tx, key, plan, draining)
  local server = server_of(tx, key)
  if not server then return false end
  server.plan = plan
  server.draining = draining == "1"
  server.evicting = false
  set_server(tx, key, server)
  return true
end

rules["server-evicting"] = function(tx, key)
  local server = server_of(tx, key)
  if not server or server.evicting or not server.draining then return false end
  server.evicting = true
  set_server(tx, key, server)
  return true
end

rules["server-disabled"] = function(tx, key, report)
  local server = server_of(tx, key)
  if not server then return false end
  if server.report ~= report then
    tell_instead(tx, '["server-enabled",' .. key .. "]")
    return false
  end
  if not server.enabled then return false end
  server.enabled = false
  set_server(tx, key, server)
  return true
end

rules["server-removed"] = function(tx, key, report)
  local server = server_of(tx, key)
  if not server or server.report ~= report then return false end
  set_server(tx, key, false)
  return true
end

rules["group-placed"] = function(tx, key, server, from, found)
  local group = group_of(tx, key)
  if not group then
    set_group(tx, key, new_group(server))
    return true
  end
  if group.server ~= server then
    if group.server ~= from or (found ~= "1" and retains(tx, group.server)) then
      doubt(tx, key)
      return false
    end
    group = new_group(server)
  end
  group.leave = ""
  set_group(tx, key, group)
  return true
end

rules["group-leaving"] = function(tx, key, server, leave)
  local group = group_of(tx, key)
  if not group or group.server ~= server or group.count > 0 or group.leave ~= "" then
    doubt(tx, key)
    return false
  end
  group.leave = leave
  set_group(tx, key, group)
  return true
end

rules["group-released"] = function(tx, key, server, leave)
  local group = group_of(tx, key)
  local leaves = false
  if group then
    if leave == "" then leaves = not retains(tx, group.server) else leaves = group.leave == leave end
  end
  if not leaves or group.server ~= server then
    doubt(tx, key)
    return false
  end
  set_group(tx, key, false)
  return true
end

rules["room"] = function(tx, key, server, id, room)
  local group = group_of(tx, key)
  if not group or group.server ~= server then
    doubt(tx, key)
    return false
  end
  set_room(group, id, room)
  group.leave = ""
  set_group(tx, key, group)
  return true
end

rules["room-closed"] = function(tx, key, server, id)
  local group = group_of(tx, key)
  if not group or group.server ~= server then
    doubt(tx, key)
    return false
  end
  remove_room(group, id)
  set_group(tx, key, group)
  return true
end

rules["banned"] = function(tx, key, until_, ban)
  redis.call("HSET", tx.prefix .. "bans", key, until_ .. "\\n" .. ban)
  redis.call("ZREM", tx.prefix .. "ended", "ban" .. key)
  return true
end

rules["ban-ended"] = function(tx, key, until_, lifted)
  local known = redis.call("HGET", tx.prefix .. "bans", key)
  if lifted ~= "1" and known then
    local part = split(known)
    if tonumber(part[1]) > tonumber(until_) then
      tell_instead(tx, '["banned",' .. part[2] .. "]")
      return false
    end
  end
  redis.call("HDEL", tx.prefix .. "bans", key)
  end_for_good(tx, "ban" .. key)
  return known ~= false or lifted == "1"
end

local function queue(tx, sequence, server, order, task, moved)
  redis.call("HSET", tx.prefix .. "tasks", sequence, server .. "\\n" .. order .. "\\n" .. task)
  return '["task-queued",' .. server .. "," .. task .. "," .. moved .. "," .. order .. "]"
end

rules["task-queued"] = function(tx, sequence, server, task, moved, place)
  local known = redis.call("HGET", tx.prefix .. "tasks", sequence)
  if moved == "true" and not known then
    tell_instead(tx, '["task-ended",' .. sequence .. "]")
    return false
  end
  return queue(tx, sequence, server, known and split(known)[2] or integer(place), task, moved)
end

rules["task-ended"] = function(tx, sequence)
  end_for_good(tx, "task" .. sequence)
  return redis.call("HDEL", tx.prefix .. "tasks", sequence) == 1
end

rules["kind-learned"] = function(tx, key, sizes)
  if sizes == "null" then redis.call("HDEL", tx.prefix .. "kinds", key)
  else redis.call("HSET", tx.prefix .. "kinds", key, sizes) end
  return true
end

rules["hand-over-ended"] = function(tx, key, holder)
  if redis.call("GET", tx.prefix .. "hand:" .. key) == holder then redis.call("DEL", tx.prefix .. "hand:" .. key) end
  return true
end

-- What is put in where it lacks, after a loss.

rules["offer-server"] = function(tx, key, sums, state)
  if server_of(tx, key) then return false end
  local a, b = split(sums), split(state)
  set_server(tx, key, {
    first = a[1], told = a[2], report = a[3], plan = a[4], draining = b[1] == "1", enabled = b[2] == "1", evicting = false,
  })
  return true
end

rules["offer-group"] = function(tx, key, server, leave)
  if group_of(tx, key) then return false end
  local group = new_group(server)
  group.leave = leave
  set_group(tx, key, group)
  return true
end

rules["offer-room"] = function(tx, key, server, id, room)
  local group = group_of(tx, key)
  if not group or group.server ~= server or group.rooms[id] then return false end
  set_room(group, id, room)
  group.leave = ""
  set_group(tx, key, group)
  return '["room-opened",' .. id .. "," .. server .. "," .. room .. "]"
end

rules["offer-ban"] = function(tx, key, until_, ban)
  if redis.call("HEXISTS", tx.prefix .. "bans", key) == 1 then return false end
  if redis.call("ZSCORE", tx.prefix .. "ended", "ban" .. key) then return false end
  return rules["banned"](tx, key, until_, ban)
end

rules["offer-task"] = function(tx, sequence, server, task, order, place)
  if redis.call("HEXISTS", tx.prefix .. "tasks", sequence) == 1 then return false end
  if redis.call("ZSCORE", tx.prefix .. "ended", "task" .. sequence) then return false end
  return queue(tx, sequence, server, order ~= "" and order or integer(place), task, "null")
end

rules["offer-kind"] = function(tx, key, sizes)
  if redis.call("HEXISTS", tx.prefix .. "kinds", key) == 1 then return false end
  return rules["kind-learned"](tx, key, sizes)
end

-- Rules that ask for a group first of all.
local ON_GROUPS = {
  ["group-placed"] = true, ["group-leaving"] = true, ["group-released"] = true, ["room"] = true, ["room-closed"] = true,
  ["offer-group"] = true, ["offer-room"] = true,
}

-- number, incarnation, request, how many calls, the length of each, then of each change: rule, what others are told, key,
-- three texts. Returns the place of the first change, and of each call what is told instead, as a JSON array.
local function commit(keys, args)
  local prefix, number, incarnation, request = keys[1], args[1], args[2], args[3]
  if not lives(prefix, number, incarnation) then return FENCED end
  local last = redis.call("GET", prefix .. "last:" .. number)
  if last then
    local answer = split(last)
    if table.remove(answer, 1) == request then return answer end
  end
  local calls = tonumber(args[4])
  local places = 0
  for i = 1, calls do places = places + tonumber(args[4 + i]) end
  local tx = begin(prefix)
  local count = math.max(1, places)
  local first = redis.call("INCRBY", prefix .. "n", count) - count + 1
  local at = 4 + calls
  local groups, asked = {}, {}
  for i = at + 1, #args, 6 do
    local key = args[i + 2]
    if ON_GROUPS[args[i]] and not asked[key] then
      asked[key] = true
      groups[#groups + 1] = key
    end
  end
  fetch_groups(tx, groups)
  local accepted = {}
  local answer = { integer(first) }
  local place = first
  for i = 1, calls do
    tx.instead, tx.doubtful = {}, {}
    for _ = 1, tonumber(args[4 + i]) do
      local told = rules[args[at + 1]](tx, args[at + 3], args[at + 4], args[at + 5], args[at + 6], place)
      if told then accepted[#accepted + 1] = told == true and args[at + 2] or told end
      at = at + 6
      place = place + 1
    end
    for _, key in ipairs(tx.doubtful) do tell_group_as_it_is(tx, key) end
    answer[#answer + 1] = "[" .. table.concat(tx.instead, ",") .. "]"
  end
  finish(tx)
  redis.call(
    "XADD", prefix .. "log", "MINID", "~", integer(tx.now - ${HISTORY}) .. "-0", "*",
    "n", answer[1], "k", integer(count), "g", number, "r", request, "c", "[" .. table.concat(accepted, ",") .. "]"
  )
  redis.call("SET", prefix .. "last:" .. number, request .. "\\n" .. table.concat(answer, "\\n"), "PX", ${REPEAT})
  return answer
end

-- The end of the log: id, last place, request.
local function tail(prefix)
  local entries = redis.call("XREVRANGE", prefix .. "log", "+", "-", "COUNT", 1)
  local epoch = redis.call("HGET", prefix .. "meta", "epoch") or ""
  local place = integer(last_place(prefix))
  if #entries == 0 then return { epoch, "0-0", place, "" } end
  return { epoch, entries[1][1], place, entries[1][2][8] }
end

-- Whether what comes after a position can be told one by one: epoch, id, last place, request.
local function resume(prefix, epoch, id, last, request)
  if redis.call("HGET", prefix .. "meta", "epoch") ~= epoch then return "stored" end
  local place = last_place(prefix)
  last = tonumber(last)
  if place < last then return "stored" end
  local seen = redis.call("XRANGE", prefix .. "log", id, id)[1]
  if seen then
    local fields = seen[2]
    local same = tonumber(fields[2]) + tonumber(fields[4]) - 1 == last and fields[8] == request
    return same and "ok" or "stored"
  end
  local oldest = redis.call("XRANGE", prefix .. "log", "-", "+", "COUNT", 1)[1]
  if not oldest then return place == last and "ok" or "told" end
  local first = tonumber(oldest[2][2])
  if first <= last then return "stored" end
  return first == last + 1 and "ok" or "told"
end

-- The gateways that live: number, version, place, settings. Those that do not are forgotten.
local function members(prefix)
  local all = redis.call("HGETALL", prefix .. "members")
  local living = {}
  for i = 1, #all, 2 do
    if redis.call("EXISTS", prefix .. "gw:" .. all[i]) == 1 then
      local part = split(all[i + 1])
      table.insert(part, 1, all[i])
      living[#living + 1] = part
    else
      redis.call("HDEL", prefix .. "members", all[i])
    end
  end
  return living
end

local function note(prefix, number, version, place, settings)
  local parts = { version, place }
  for _, text in ipairs(settings) do parts[#parts + 1] = text end
  redis.call("HSET", prefix .. "members", number, table.concat(parts, "\\n"))
end

-- The name of a setting in which another gateway differs.
local function difference(prefix, settings)
  for _, member in ipairs(members(prefix)) do
    for i = 4, #member, 2 do
      for own = 1, #settings, 2 do
        if member[i] == settings[own] and member[i + 1] ~= settings[own + 1] then return settings[own] end
      end
    end
  end
end

local function rest(args, from)
  local parts = {}
  for i = from, #args do parts[#parts + 1] = args[i] end
  return parts
end

local function free_number(prefix, wanted, former)
  if wanted ~= "" then
    local holder = redis.call("GET", prefix .. "gw:" .. wanted)
    if not holder or holder == former then return wanted end
  end
  if redis.call("EXISTS", prefix .. "numbers") == 0 then
    redis.call("SET", prefix .. "numbers", integer(time() % GATEWAYS))
  end
  while true do
    local number = integer(redis.call("INCR", prefix .. "numbers") % GATEWAYS + 1)
    if redis.call("EXISTS", prefix .. "gw:" .. number) == 0 then return number end
  end
end

-- incarnation, the former one, its number, version, an epoch in case that there is none, then names and texts of settings.
-- Who comes for the first time must have those of all that live; a gateway that runs may be about to change with the others.
local function hello(keys, args)
  local prefix = keys[1]
  local incarnation, former, wanted, version, epoch = args[1], args[2], args[3], args[4], args[5]
  local format = redis.call("HGET", prefix .. "meta", "format")
  if format and format ~= FORMAT then return { err = "FORMAT " .. format } end
  local settings = rest(args, 6)
  local differs = former == "" and difference(prefix, settings)
  if differs then return { err = "DIFFERS " .. differs } end
  if not redis.call("HGET", prefix .. "meta", "epoch") then
    redis.call("HSET", prefix .. "meta", "format", FORMAT, "epoch", epoch)
    redis.call("SET", prefix .. "n", integer(time() * 1000))
  end
  local number = free_number(prefix, wanted, former)
  redis.call("SET", prefix .. "gw:" .. number, incarnation, "PX", ${LEASE})
  local place = integer(last_place(prefix))
  note(prefix, number, version, place, settings)
  return { number, redis.call("HGET", prefix .. "meta", "epoch"), place, redis.call("TIME") }
end

-- number, incarnation, version, place, then names and texts of settings. Returns the epoch, the last place, the time.
local function beat(keys, args)
  local prefix, number = keys[1], args[1]
  if not lives(prefix, number, args[2]) then return FENCED end
  redis.call("PEXPIRE", prefix .. "gw:" .. number, ${LEASE})
  note(prefix, number, args[3], args[4], rest(args, 5))
  local epoch = redis.call("HGET", prefix .. "meta", "epoch") or ""
  return { epoch, integer(last_place(prefix)), redis.call("TIME") }
end

-- number, incarnation
local function bye(keys, args)
  local prefix, number = keys[1], args[1]
  if not lives(prefix, number, args[2]) then return FENCED end
  redis.call("DEL", prefix .. "gw:" .. number, prefix .. "last:" .. number)
  redis.call("HDEL", prefix .. "members", number)
  return redis.status_reply("OK")
end

-- Keys of bans. Those that have ended more than ${ENDED_FOR} ms ago go: nobody has told of their end, as nobody was there.
local function forget(keys, args)
  local bans = keys[1] .. "bans"
  local ended = time() - ${ENDED_FOR}
  for _, key in ipairs(args) do
    local ban = redis.call("HGET", bans, key)
    if ban and tonumber(split(ban)[1]) < ended then redis.call("HDEL", bans, key) end
  end
  return redis.status_reply("OK")
end

-- number, incarnation, server, id, time
local function claim(keys, args)
  local prefix, number = keys[1], args[1]
  if not lives(prefix, number, args[2]) then return FENCED end
  local key = prefix .. "hand:" .. args[3]
  local holder = redis.call("GET", key)
  if holder and string.match(holder, "^[^:]*") ~= number then return 0 end
  redis.call("SET", key, number .. ":" .. args[4], "PX", args[5])
  return 1
end

-- number, incarnation, customer, wanted peers and rooms, allowed, reported, place, lifetime.
-- Returns the share; or only a place, up to which the caller is to be told first.
local function share(keys, args)
  local prefix, number = keys[1], args[1]
  if not lives(prefix, number, args[2]) then return FENCED end
  local key = prefix .. "lic:" .. args[3]
  local now, place = time(), last_place(prefix)
  local back, own, held = -1, { 0, 0 }, { 0, 0 }
  local given_back = false
  local shares = redis.call("HGETALL", key)
  for i = 1, #shares, 2 do
    local part = split(shares[i + 1])
    if shares[i] == "back" then back = tonumber(part[1])
    elseif tonumber(part[3]) <= now then
      redis.call("HDEL", key, shares[i])
      given_back = true
    elseif shares[i] == number then own = { tonumber(part[1]), tonumber(part[2]) }
    else held = { held[1] + tonumber(part[1]), held[2] + tonumber(part[2]) } end
  end
  if given_back then
    back = place
    redis.call("HSET", key, "back", integer(back))
  end
  if tonumber(args[10]) < back then return { integer(back) } end
  local function given(i)
    local allowed = args[5 + i] == "" and math.huge or tonumber(args[5 + i])
    return math.max(0, math.min(tonumber(args[3 + i]), allowed - tonumber(args[7 + i]) - held[i]))
  end
  local peers, rooms = given(1), given(2)
  if peers < own[1] or rooms < own[2] then redis.call("HSET", key, "back", integer(place)) end
  if peers == 0 and rooms == 0 then redis.call("HDEL", key, number)
  else
    local ends = integer(now + tonumber(args[11]))
    redis.call("HSET", key, number, integer(peers) .. "\\n" .. integer(rooms) .. "\\n" .. ends)
  end
  local kept = math.max(${HISTORY}, tonumber(args[11]))
  if redis.call("PTTL", key) < kept then redis.call("PEXPIRE", key, integer(kept)) end
  return { integer(peers), integer(rooms) }
end

redis.register_function("${LIBRARY}_commit", commit)
redis.register_function("${LIBRARY}_hello", hello)
redis.register_function("${LIBRARY}_beat", beat)
redis.register_function("${LIBRARY}_bye", bye)
redis.register_function("${LIBRARY}_forget", forget)
redis.register_function("${LIBRARY}_claim", claim)
redis.register_function("${LIBRARY}_share", share)
redis.register_function("${LIBRARY}_tail", function(keys) return tail(keys[1]) end)
redis.register_function("${LIBRARY}_gateways", function(keys)
  return { integer(last_place(keys[1])), members(keys[1]) }
end)
redis.register_function("${LIBRARY}_resume", function(keys, args)
  return resume(keys[1], args[1], args[2], args[3], args[4])
end)
`;
