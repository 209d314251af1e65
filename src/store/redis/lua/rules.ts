/** How many texts each rule takes: a key first, and up to three besides. */
export const TEXTS = {
  "tell": 0,
  "none": 0,
  "server-appeared": 4,
  "server-reported": 3,
  "server-planned": 4,
  "server-evicting": 1,
  "server-disabled": 2,
  "server-removed": 2,
  "group-placed": 2,
  "group-moved": 4,
  "group-explained": 4,
  "group-leaving": 3,
  "group-released": 3,
  "room": 4,
  "room-closed": 3,
  "banned": 3,
  "ban-ended": 3,
  "task-queued": 4,
  "task-ended": 1,
  "kind-learned": 2,
  "name-learned": 2,
  "handed-over": 3,
  "hand-over-ended": 3,
  "offer-server": 3,
  "offer-group": 3,
  "offer-room": 4,
  "offer-ban": 3,
  "offer-task": 4,
  "offer-kind": 2,
  "offer-name": 2,
} as const;

/** What becomes of each change: `rules.ts` of the store, to the letter. */
export const RULES = String.raw`
-- What becomes of each change: true where it is accepted, and told as it came; false where it is not; a text that is told of
-- what nobody has said how to tell, and nil where nobody is told.

local TEXTS = {${Object.entries(TEXTS).map(([rule, texts]) => ` ["${rule}"] = ${texts}`).join(",")} }
local rules = {}

rules["tell"] = function() return true end

rules["none"] = function() return nil end

rules["server-appeared"] = function(tx, key, first, told, plan)
  if server_of(tx, key) then return false end
  redis.call("ZREM", tx.prefix .. "ended", "server" .. key)
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

-- A plan is an array of weight and draining; where one of them is set, the other stays as it is.
rules["server-planned"] = function(tx, key, plan, draining, part)
  local server = server_of(tx, key)
  if not server then return false end
  local weight, rest = plan:match("^(%[[^,]*)(,.*)$")
  local its_weight, its_rest = server.plan:match("^(%[[^,]*)(,.*)$")
  if part == "weight" then
    server.plan = weight .. its_rest
  else
    server.plan = (part == "draining" and its_weight or weight) .. rest
    server.draining = draining == "1"
    server.evicting = false
  end
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
  if server and server.report ~= report then return false end
  end_for_good(tx, "server" .. key)
  if not server then return false end
  set_server(tx, key, false)
  redis.call("HDEL", tx.prefix .. "handed", key)
  return true
end

-- The group, if it is on that server; else whoever thought so is told how it is.
local function group_on(tx, key, server)
  local group = group_of(tx, key)
  if group and group[SERVER] == server then return group end
  doubt(tx, key)
end

-- From where it is, if it has to be there, and that lives.
local function place_group(tx, key, server, from, alive)
  local group = group_of(tx, key)
  if not group then
    set_group(tx, key, new_group(server))
    forget_explanation(tx, key)
    return true
  end
  if group[SERVER] ~= server then
    if group[SERVER] ~= from or (alive ~= "1" and retains(tx, group[SERVER])) then
      doubt(tx, key)
      return false
    end
    group = new_group(server)
    forget_explanation(tx, key)
  end
  group[LEAVE] = ""
  set_group(tx, key, group)
  return true
end

rules["group-placed"] = function(tx, key, server)
  return place_group(tx, key, server)
end

rules["group-moved"] = place_group

-- Nobody is told: whoever wants to know asks.
rules["group-explained"] = function(tx, key, server, text, keep)
  local group = group_of(tx, key)
  if not group or group[SERVER] ~= server then return nil end
  tx.explained[key] = { text = text, place = tx.place }
  tx.keep = tonumber(keep)
  return nil
end

rules["group-leaving"] = function(tx, key, server, leave)
  local group = group_on(tx, key, server)
  if not group then return false end
  if #group >= ROOMS or group[LEAVE] ~= "" then
    doubt(tx, key)
    return false
  end
  group[LEAVE] = leave
  set_group(tx, key, group)
  return true
end

rules["group-released"] = function(tx, key, server, leave)
  local group = group_on(tx, key, server)
  if not group then return false end
  local stays = group[LEAVE] ~= leave
  if leave == "" then stays = retains(tx, server) end
  if stays then
    doubt(tx, key)
    return false
  end
  set_group(tx, key, false)
  return true
end

rules["room"] = function(tx, key, server, id, room)
  local group = group_on(tx, key, server)
  if not group then return false end
  set_room(group, id, room)
  group[LEAVE] = ""
  set_group(tx, key, group)
  return true
end

rules["room-closed"] = function(tx, key, server, id)
  local group = group_on(tx, key, server)
  if not group then return false end
  remove_room(group, id)
  set_group(tx, key, group)
  return true
end

rules["banned"] = function(tx, key, until_, ban)
  redis.call("HSET", tx.prefix .. "bans", key, until_ .. "\n" .. ban)
  redis.call("ZREM", tx.prefix .. "ended", "ban" .. key)
  return true
end

rules["ban-ended"] = function(tx, key, until_, lifted)
  local ends, ban = ban_of(tx, key)
  if lifted ~= "1" and ends and ends > tonumber(until_) then
    tell_instead(tx, '["banned",' .. ban .. "]")
    return false
  end
  redis.call("HDEL", tx.prefix .. "bans", key)
  end_for_good(tx, "ban" .. key)
  return ends ~= nil or lifted == "1"
end

local function queue(tx, sequence, server, order, task, moved)
  redis.call("HSET", tx.prefix .. "tasks", sequence, server .. "\n" .. order .. "\n" .. task)
  return '["task-queued",' .. server .. "," .. task .. "," .. moved .. "," .. order .. "]"
end

rules["task-queued"] = function(tx, sequence, server, task, moved)
  local known = redis.call("HGET", tx.prefix .. "tasks", sequence)
  if moved == "true" and not known then
    tell_instead(tx, '["task-ended",' .. sequence .. "]")
    return nil
  end
  local order = known and split(known)[2] or integer(tx.place)
  if not tonumber(order) then
    leave_out(tx, "tasks", sequence)
    order = integer(tx.place)
  end
  return queue(tx, sequence, server, order, task, moved)
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

rules["name-learned"] = function(tx, key, known)
  if known == "null" then redis.call("HDEL", tx.prefix .. "names", key)
  else redis.call("HSET", tx.prefix .. "names", key, known) end
  return true
end

-- The open hand-overs of a server: id and tasks of each, oldest first.
local function hand_overs(tx, key)
  local record = redis.call("HGET", tx.prefix .. "handed", key)
  if not record or record == "" then return {} end
  local open = split(record)
  if #open % 2 == 0 and is_json("[" .. table.concat(open, ",") .. "]") then return open end
  leave_out(tx, "handed", key)
  return {}
end

rules["handed-over"] = function(tx, key, id, tasks)
  if not server_of(tx, key) then return true end
  local open = hand_overs(tx, key)
  open[#open + 1] = id
  open[#open + 1] = tasks
  while #open > 2 * OPEN do
    table.remove(open, 1)
    table.remove(open, 1)
  end
  redis.call("HSET", tx.prefix .. "handed", key, table.concat(open, "\n"))
  return true
end

rules["hand-over-ended"] = function(tx, key, holder, id)
  local open = hand_overs(tx, key)
  for i = #open - 1, 1, -2 do
    if open[i] == id then
      table.remove(open, i)
      table.remove(open, i)
      redis.call("HSET", tx.prefix .. "handed", key, table.concat(open, "\n"))
    end
  end
  if redis.call("GET", tx.prefix .. "hand:" .. key) == holder then redis.call("DEL", tx.prefix .. "hand:" .. key) end
  return true
end
`;
