/** What becomes of what is put in after a loss: only what lacks is. */
export const OFFERS = String.raw`
-- What is put in where it lacks, after a loss.

rules["offer-server"] = function(tx, key, sums, state)
  if server_of(tx, key) then return false end
  if redis.call("ZSCORE", tx.prefix .. "ended", "server" .. key) then return false end
  local a, b = split(sums), split(state)
  set_server(tx, key, {
    first = a[1], told = a[2], report = a[3], plan = a[4], draining = b[1] == "1", enabled = b[2] == "1", evicting = false,
  })
  return true
end

rules["offer-group"] = function(tx, key, server, leave)
  if group_of(tx, key) then return false end
  local group = new_group(server)
  group[LEAVE] = leave
  set_group(tx, key, group)
  return true
end

rules["offer-room"] = function(tx, key, server, id, room)
  local group = group_of(tx, key)
  if not group or group[SERVER] ~= server or place_of(group, id) then return nil end
  set_room(group, id, room)
  group[LEAVE] = ""
  set_group(tx, key, group)
  return '["room-opened",' .. id .. "," .. server .. "," .. room .. "]"
end

rules["offer-ban"] = function(tx, key, until_, ban)
  if redis.call("HEXISTS", tx.prefix .. "bans", key) == 1 then return false end
  if redis.call("ZSCORE", tx.prefix .. "ended", "ban" .. key) then return false end
  return rules["banned"](tx, key, until_, ban)
end

rules["offer-task"] = function(tx, sequence, server, task, order)
  if redis.call("HEXISTS", tx.prefix .. "tasks", sequence) == 1 then return nil end
  if redis.call("ZSCORE", tx.prefix .. "ended", "task" .. sequence) then return nil end
  return queue(tx, sequence, server, order ~= "" and order or integer(tx.place), task, "null")
end

rules["offer-kind"] = function(tx, key, sizes)
  if redis.call("HEXISTS", tx.prefix .. "kinds", key) == 1 then return false end
  return rules["kind-learned"](tx, key, sizes)
end

rules["offer-name"] = function(tx, key, known)
  if redis.call("HEXISTS", tx.prefix .. "names", key) == 1 then return false end
  return rules["name-learned"](tx, key, known)
end
`;
