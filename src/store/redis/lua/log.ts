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

-- Writes something after all changes up to a place, for replicas to have. Returns whether they are here.
local function mark(keys, args)
  if last_place(keys[1]) < tonumber(args[1]) then return 0 end
  redis.call("SET", keys[1] .. "mark", args[1])
  return 1
end

-- Its first place, its last, and its request; nothing where the entry is not the gateways'.
local function span(entry)
  local fields = entry[2]
  local first, count = tonumber(fields[2]), tonumber(fields[4])
  if first and count then return first, first + count - 1, fields[8] end
end

-- Entries by id and request, the newest first. Returns how many are not in the log before the first that is: others may have
-- put something in since, so places tell nothing.
local function missing(keys, args)
  for i = 1, #args, 2 do
    local entry = redis.call("XRANGE", keys[1] .. "log", args[i], args[i])[1]
    if entry then
      local _, _, request = span(entry)
      if request == args[i + 1] then return (i - 1) / 2 end
    end
  end
  return #args / 2
end

-- Whether what comes after a position can be told one by one: epoch, id, last place, request.
local function resume(keys, args)
  local prefix, epoch, id, last, request = keys[1], args[1], args[2], tonumber(args[3]), args[4]
  if redis.call("HGET", prefix .. "meta", "epoch") ~= epoch then return "stored" end
  local place = last_place(prefix)
  if place < last then return "stored" end
  local seen = redis.call("XRANGE", prefix .. "log", id, id)[1]
  if seen then
    local first, its_last, its_request = span(seen)
    if not first then return "told" end
    return its_last == last and its_request == request and "ok" or "stored"
  end
  local oldest = redis.call("XRANGE", prefix .. "log", "-", "+", "COUNT", 1)[1]
  if not oldest then return place == last and "ok" or "told" end
  local first = span(oldest)
  if not first then return "told" end
  if first <= last then return "stored" end
  return first == last + 1 and "ok" or "told"
end
`;
