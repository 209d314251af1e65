/** What a gateway has for a time: the hand-over of tasks, the lead in something, shares of licences. And what has had its time. */
export const CLAIMS = String.raw`
-- Keys of bans. Those that ended long ago go: nobody has told of their end, as nobody was there.
local function forget(keys, args)
  local bans = keys[1] .. "bans"
  local ended = time() - ENDED_FOR
  for _, key in ipairs(args) do
    local ban = redis.call("HGET", bans, key)
    local ends = ban and tonumber(split(ban)[1]) -- one that cannot be read stays, for whoever looks after it
    if ends and ends < ended then redis.call("HDEL", bans, key) end
  end
  return redis.status_reply("OK")
end

-- number, incarnation, server, id, time. Of a gateway that does not live any more nobody waits for the answer.
local function claim(keys, args)
  local prefix, number = keys[1], args[1]
  if not lives(prefix, number, args[2]) then return FENCED end
  local key = prefix .. "hand:" .. args[3]
  at_most(key, tonumber(args[5]))
  local holder = string.match(redis.call("GET", key) or number, "^[^:]*")
  if holder ~= number and incarnation_of(prefix, holder) then return 0 end
  redis.call("SET", key, number .. ":" .. args[4], "PX", args[5])
  return 1
end

-- number, incarnation, for how long, then what changes are about and their places before they were lost. Returns of each
-- whether it is to be made again: no gateway has done that, or one by an earlier change.
local function again(keys, args)
  local prefix = keys[1]
  if not lives(prefix, args[1], args[2]) then return FENCED end
  local key = prefix .. "again"
  local answer = {}
  for i = 4, #args, 2 do
    local place = tonumber(redis.call("HGET", key, args[i]) or "-1")
    local newer = place < tonumber(args[i + 1])
    if newer then redis.call("HSET", key, args[i], args[i + 1]) end
    answer[#answer + 1] = newer and 1 or 0
  end
  if #answer > 0 then redis.call("PEXPIRE", key, args[3]) end
  return answer
end

-- number, incarnation, name, lifetime, whether it is taken from whoever has it
local function lead(keys, args)
  local prefix, number, incarnation = keys[1], args[1], args[2]
  if not lives(prefix, number, incarnation) then return FENCED end
  local key = prefix .. "lead:" .. args[3]
  at_most(key, tonumber(args[4]))
  local holder = split(redis.call("GET", key) or "")
  local is_own = holder[1] == number and holder[2] == incarnation
  if not is_own and args[5] ~= "1" and holder[2] and lives(prefix, holder[1], holder[2]) then return 0 end
  redis.call("SET", key, number .. "\n" .. incarnation, "PX", args[4])
  return 1
end

-- number, incarnation, name
local function resign(keys, args)
  local key = keys[1] .. "lead:" .. args[3]
  if redis.call("GET", key) == args[1] .. "\n" .. args[2] then redis.call("DEL", key) end
  return redis.status_reply("OK")
end

-- number, incarnation, customer, wanted peers and rooms, allowed, reported, place, lifetime.
-- Returns the share; or only a place, up to which the caller is to be told first.
local function share(keys, args)
  local prefix, number = keys[1], args[1]
  if not lives(prefix, number, args[2]) then return FENCED end
  local key = prefix .. "lic:" .. args[3]
  local now, place = time(), last_place(prefix)
  local ends = now + tonumber(args[11])
  local back, own, held = -1, { 0, 0 }, { 0, 0 }
  local given_back = false
  local shares = redis.call("HGETALL", key)
  for i = 1, #shares, 2 do
    local part = split(shares[i + 1])
    if shares[i] == "back" then back = tonumber(part[1]) or place
    elseif not (tonumber(part[1]) and tonumber(part[2])) or (tonumber(part[3]) or 0) <= now then
      redis.call("HDEL", key, shares[i])
      given_back = true
    elseif shares[i] == number then own = { tonumber(part[1]), tonumber(part[2]) }
    else
      held = { held[1] + tonumber(part[1]), held[2] + tonumber(part[2]) }
      -- The clock was set back since: the share ends when it would have.
      if tonumber(part[3]) > ends then
        redis.call("HSET", key, shares[i], part[1] .. "\n" .. part[2] .. "\n" .. integer(ends))
      end
    end
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
  else redis.call("HSET", key, number, integer(peers) .. "\n" .. integer(rooms) .. "\n" .. integer(ends)) end
  local kept = math.max(HISTORY, tonumber(args[11]))
  if redis.call("PTTL", key) < kept then redis.call("PEXPIRE", key, integer(kept)) end
  return { integer(peers), integer(rooms) }
end
`;
