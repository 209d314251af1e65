/** Texts of which only the newest counts. */
export const VALUES = String.raw`
-- When the text that is kept was made: 0 where nobody knows, -1 where there is none.
local function made_at(key)
  local start = redis.call("GETRANGE", key, 0, MADE)
  if start == "" then return -1 end
  local made = string.match(start, "^(%d+)\n")
  return made and tonumber(made) or 0
end

-- name, time. Returns when the text that is kept was made, and what is kept where that is later.
local function newest(keys, args)
  local key = keys[1] .. "value:" .. args[1]
  local made = made_at(key)
  if made <= tonumber(args[2]) then return { integer(made) } end
  return { integer(made), redis.call("GET", key) }
end

-- name, when it was made, text. Returns whether it was put in.
local function keep(keys, args)
  local key = keys[1] .. "value:" .. args[1]
  if made_at(key) >= tonumber(args[2]) then return 0 end
  redis.call("SET", key, args[2] .. "\n" .. args[3])
  return 1
end
`;
