/** The records that a commit reads and writes, and what it tells instead of what is refused. */
export const RECORDS = String.raw`
-- What one commit reads and writes: each record is taken apart once and put together once.

local function begin(prefix)
  return {
    prefix = prefix, now = time(), servers = {}, groups = {}, changed_servers = {}, changed_groups = {},
    explained = {}, keep = 0, instead = {}, doubtful = {}, damaged = {},
  }
end

-- A row that cannot be read counts as none, and is told by its name.
local function leave_out(tx, hash, key)
  tx.damaged[#tx.damaged + 1] = key .. " of " .. tx.prefix .. hash .. " is left out: it cannot be read"
end

-- Half a surrogate pair is right in JSON, as JavaScript has it; cjson does not know it.
local function is_json(text)
  local plain = string.gsub(string.gsub(text, "\\\\", ""), "\\u%x%x%x%x", "")
  return (pcall(cjson.decode, plain))
end

local function server_of(tx, key)
  local server = tx.servers[key]
  if server == nil then
    local record = redis.call("HGET", tx.prefix .. "servers", key)
    server = false
    if record then
      local part = split(record)
      if #part >= 7 and string.find(part[4], "^%[[^,]*,.*%]$") then
        server = {
          first = part[1], told = part[2], report = part[3], plan = part[4],
          draining = part[5] == "1", enabled = part[6] == "1", evicting = part[7] == "1",
        }
      else leave_out(tx, "servers", key) end
    end
    tx.servers[key] = server
  end
  return server
end

local function set_server(tx, key, server)
  tx.servers[key] = server
  tx.changed_servers[key] = true
end

-- A group is its record taken apart: its server, what it leaves for, and then the id and the value of each room.
local SERVER, LEAVE, ROOMS = 1, 2, 3
local FEW = 16 -- rooms that are looked for one by one

local function new_group(server)
  return { server, "" }
end

local function group_from(tx, key, record)
  if not record then return false end
  local group = split(record)
  if #group % 2 == 0 and string.find(group[SERVER], '^"[^"]+:%d+"$') then return group end
  leave_out(tx, "groups", key)
  return false
end

-- Where the id of a room stands; nothing where the group does not have it.
local function place_of(group, id)
  if #group < ROOMS + 2 * FEW then
    for i = ROOMS, #group, 2 do
      if group[i] == id then return i end
    end
    return
  end
  if not group.places then
    group.places = {}
    for i = ROOMS, #group, 2 do group.places[group[i]] = i end
  end
  return group.places[id]
end

local function set_room(group, id, room)
  local at = place_of(group, id)
  if not at then
    at = #group + 1
    group[at] = id
    if group.places then group.places[id] = at end
  end
  group[at + 1] = room
end

-- The last room comes to its place.
local function remove_room(group, id)
  local at, last = place_of(group, id), #group - 1
  if not at then return end
  group[at], group[at + 1] = group[last], group[last + 1]
  if group.places then
    group.places[group[last]] = at
    group.places[id] = nil
  end
  group[last + 1], group[last] = nil, nil
end

-- Reads groups that will be asked for, many at a time.
local function fetch_groups(tx, keys)
  for from = 1, #keys, AT_ONCE do
    local to = math.min(from + AT_ONCE - 1, #keys)
    local records = redis.call("HMGET", tx.prefix .. "groups", unpack(keys, from, to))
    for i = from, to do tx.groups[keys[i]] = group_from(tx, keys[i], records[i - from + 1]) end
  end
end

local function group_of(tx, key)
  if tx.groups[key] == nil then fetch_groups(tx, { key }) end
  return tx.groups[key]
end

-- The group is where it is now for another reason than before.
local function forget_explanation(tx, key)
  local explained = tx.explained[key]
  tx.explained[key] = { place = explained and explained.place }
end

local function set_group(tx, key, group)
  tx.groups[key] = group
  tx.changed_groups[key] = true
end

-- Whether a server keeps the groups that it has: it is heard, and not to be empty by now.
local function retains(tx, key)
  local server = server_of(tx, key)
  return server and server.enabled and not server.evicting
end

-- Writes what was changed; a value that is false is removed.
local function write(hash, changed, values, text)
  local put, removed = {}, {}
  local last = 0
  for key in pairs(changed) do
    if values[key] then
      put[last + 1], put[last + 2] = key, text(values[key])
      last = last + 2
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
  }, "\n")
end

local function group_text(group)
  return table.concat(group, "\n")
end

-- Why groups are where they are, by group, and the groups in the order in which that was told: of too many the oldest go.
local function write_explanations(tx)
  local texts, places, gone = {}, {}, {}
  for key, explained in pairs(tx.explained) do
    if explained.place then
      places[#places + 1] = integer(explained.place)
      places[#places + 1] = key
    end
    if explained.text then
      texts[#texts + 1] = key
      texts[#texts + 1] = explained.text
    else gone[#gone + 1] = key end
  end
  local hash, order = tx.prefix .. "explanations", tx.prefix .. "explained"
  -- First of all: what has no place in the order would stay for ever.
  for i = 1, #places, AT_ONCE do redis.call("ZADD", order, unpack(places, i, math.min(i + AT_ONCE - 1, #places))) end
  for i = 1, #gone, AT_ONCE do redis.call("HDEL", hash, unpack(gone, i, math.min(i + AT_ONCE - 1, #gone))) end
  for i = 1, #texts, AT_ONCE do redis.call("HSET", hash, unpack(texts, i, math.min(i + AT_ONCE - 1, #texts))) end
  if #places == 0 then return end
  local excess = redis.call("ZCARD", order) - tx.keep
  if excess <= 0 then return end
  local oldest = redis.call("ZRANGE", order, 0, math.min(excess, AT_ONCE) - 1)
  redis.call("ZREMRANGEBYRANK", order, 0, #oldest - 1)
  redis.call("HDEL", hash, unpack(oldest))
end

local function finish(tx)
  write(tx.prefix .. "servers", tx.changed_servers, tx.servers, server_text)
  write(tx.prefix .. "groups", tx.changed_groups, tx.groups, group_text)
  -- They are only looked at: nothing else fails with them.
  local written, reason = pcall(write_explanations, tx)
  if not written then
    local what = type(reason) == "table" and reason.err or tostring(reason)
    tx.damaged[#tx.damaged + 1] = "why rooms are where they are cannot be kept: " .. what
  end
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
  local server, leave = group[SERVER], group[LEAVE]
  local texts = { '["group-placed",' .. names .. "," .. server .. "]" }
  for i = ROOMS, #group, 2 do
    texts[#texts + 1] = '["room-opened",' .. group[i] .. "," .. server .. "," .. group[i + 1] .. "]"
  end
  if leave ~= "" then texts[#texts + 1] = '["group-leaving",' .. names .. "," .. server .. "," .. leave .. "]" end
  if not is_json("[" .. table.concat(texts, ",") .. "]") then
    leave_out(tx, "groups", key)
    set_group(tx, key, false)
    return tell_group_as_it_is(tx, key)
  end
  for _, text in ipairs(texts) do tell_instead(tx, text) end
end

-- Until when a ban is in force, and the ban.
local function ban_of(tx, key)
  local record = redis.call("HGET", tx.prefix .. "bans", key)
  if not record then return end
  local part = split(record)
  local ends = tonumber(part[1])
  if ends and part[2] and is_json(part[2]) then return ends, part[2] end
  leave_out(tx, "bans", key)
end

local function end_for_good(tx, key)
  redis.call("ZADD", tx.prefix .. "ended", integer(tx.now), key)
  redis.call("ZREMRANGEBYSCORE", tx.prefix .. "ended", "-inf", integer(tx.now - HISTORY))
end
`;
