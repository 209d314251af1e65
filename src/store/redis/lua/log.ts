/** Where the log ends, and whether it can be gone on from. */
export const LOG = String.raw`
-- The end of the log: id, last place, request.
local function tail(keys)
  local prefix = keys[1]
  local entries = redis.call("XREVRANGE", prefix .. "log", "+", "-", "COUNT", 1)
  local epoch = redis.call("HGET", prefix .. "meta", "epoch") or ""
  local place = integer(last_place(prefix))
  if #entries == 0 then return { epoch, "0-0", place, "" } end
  return { epoch, entries[1][1], place, entries[1][2][8] }
end

-- Whether what comes after a position can be told one by one: epoch, id, last place, request.
local function resume(keys, args)
  local prefix, epoch, id, last, request = keys[1], args[1], args[2], tonumber(args[3]), args[4]
  if redis.call("HGET", prefix .. "meta", "epoch") ~= epoch then return "stored" end
  local place = last_place(prefix)
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
`;
