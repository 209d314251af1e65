/** Who lives: coming, staying and leaving. */
export const MEMBERS = String.raw`
-- The gateways that live: number, version, place, settings; and how many have gone without a word, or are about to. Those are
-- forgotten after a while.
local function members(prefix)
  local all = redis.call("HGETALL", prefix .. "members")
  local living, missing, now = {}, 0, time()
  for i = 1, #all, 2 do
    local part = split(all[i + 1])
    local lives = incarnation_of(prefix, all[i])
    local beat = part[#part - 1] == "beat" and tonumber(part[#part])
    local silent = now - (beat or lives and now or 0) -- earlier versions did not say when
    if silent < -LATE then silent = LATE + 1 end -- the clock was set back
    if silent > LATE and (lives or silent < MISSED_FOR) then missing = missing + 1 end
    if lives then
      table.insert(part, 1, all[i])
      living[#living + 1] = part
    elseif silent >= MISSED_FOR then
      redis.call("HDEL", prefix .. "members", all[i])
    end
  end
  return living, missing
end

local function note(prefix, number, version, place, settings)
  local parts = { version, place }
  for _, text in ipairs(settings) do parts[#parts + 1] = text end
  parts[#parts + 1] = "beat"
  parts[#parts + 1] = integer(time())
  redis.call("HSET", prefix .. "members", number, table.concat(parts, "\n"))
end

-- The name of a setting in which another gateway differs, and how many have gone without a word.
local function difference(prefix, settings)
  local living, missing = members(prefix)
  for _, member in ipairs(living) do
    for i = 4, #member, 2 do
      for own = 1, #settings, 2 do
        if member[i] == settings[own] and member[i + 1] ~= settings[own + 1] then return settings[own], missing end
      end
    end
  end
  return nil, missing
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
-- Everybody must have those of all that live, also who comes back: another may have started meanwhile. Returns number, epoch,
-- the last place, how many have gone without a word, the time.
local function hello(keys, args)
  local prefix = keys[1]
  local incarnation, former, wanted, version, epoch = args[1], args[2], args[3], args[4], args[5]
  local format = redis.call("HGET", prefix .. "meta", "format")
  if format and format ~= FORMAT then return { err = "FORMAT " .. format } end
  local settings = rest(args, 6)
  local differs, missing = difference(prefix, settings)
  if differs then return { err = "DIFFERS " .. differs } end
  if not redis.call("HGET", prefix .. "meta", "epoch") then
    redis.call("HSET", prefix .. "meta", "format", FORMAT, "epoch", epoch)
    redis.call("SET", prefix .. "n", integer(time() * 1000))
  end
  local number = free_number(prefix, wanted, former)
  redis.call("SET", prefix .. "gw:" .. number, incarnation, "PX", LEASE)
  local place = integer(last_place(prefix))
  note(prefix, number, version, place, settings)
  return { number, redis.call("HGET", prefix .. "meta", "epoch"), place, integer(missing), redis.call("TIME") }
end

-- number, incarnation, version, place, then names and texts of settings. Returns the epoch, the last place, the time.
local function beat(keys, args)
  local prefix, number = keys[1], args[1]
  if not lives(prefix, number, args[2]) then return FENCED end
  redis.call("PEXPIRE", prefix .. "gw:" .. number, LEASE)
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

-- The last place, the gateways that live, and how many have gone without a word.
local function gateways(keys)
  local living, missing = members(keys[1])
  return { integer(last_place(keys[1])), living, missing }
end
`;
