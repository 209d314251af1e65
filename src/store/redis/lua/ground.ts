/**
 * How data is written: a gateway leaves data of another format alone. Only for what versions cannot read of each other: members
 * that were added at the end (`codec.ts`), further hashes and further changes are no other format.
 */
export const FORMAT = "1";

/** What all functions are made of. */
export const GROUND = String.raw`
-- What is missing where the library is loaded is there where it runs.
local function ask(...) return redis.pcall(...) end
local function status(text) return redis.status_reply(text) end

-- As Redis has it; but errors name the key, so that it can be found which is not the gateways'.
local redis = {
  register_function = redis.register_function,
  status_reply = status,
  call = function(...)
    local reply = ask(...)
    if type(reply) == "table" and reply.err then
      local _, key = ...
      if key then reply.err = reply.err .. " (" .. key .. ")" end
      error(reply)
    end
    return reply
  end,
}

local FORMAT = "${FORMAT}"
local AT_ONCE = 1000 -- values that a command gets at most, as the stack of Lua is limited

local function split(record)
  local parts = {}
  for part in string.gmatch(record .. "\n", "([^\n]*)\n") do parts[#parts + 1] = part end
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
  local key = prefix .. "n"
  local place = tonumber(redis.call("GET", key) or "-1")
  if not place then error({ err = "WRONGTYPE A number is expected (" .. key .. ")" }) end
  return place
end

-- A key ends within its lifetime also where the clock was set back since that was set, or a replica whose clock is behind has
-- become the primary: Redis keeps until when, and would keep the key for so much longer.
local function at_most(key, lifetime)
  if redis.call("PTTL", key) > lifetime then redis.call("PEXPIRE", key, lifetime) end
end

-- Who lives by that number; nobody else says of a lease whether it lasts too long. Where one does, all may.
local function incarnation_of(prefix, number)
  local key = prefix .. "gw:" .. number
  local incarnation = redis.call("GET", key)
  if incarnation and redis.call("PTTL", key) > LEASE then
    for _, other in ipairs(redis.call("HKEYS", prefix .. "members")) do at_most(prefix .. "gw:" .. other, LEASE) end
  end
  return incarnation
end

local function lives(prefix, number, incarnation)
  return incarnation_of(prefix, number) == incarnation
end

local FENCED = { err = "FENCED this gateway was taken for dead" }
`;
