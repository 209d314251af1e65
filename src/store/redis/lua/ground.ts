/** What all functions are made of. */
export const GROUND = String.raw`
local FORMAT = "1"
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
  return tonumber(redis.call("GET", prefix .. "n") or "-1")
end

local function lives(prefix, number, incarnation)
  return redis.call("GET", prefix .. "gw:" .. number) == incarnation
end

local FENCED = { err = "FENCED this gateway was taken for dead" }
`;
