/** The function that checks and makes changes, and puts them into the log. */
export const COMMIT = String.raw`
-- Rules that ask for a group first of all.
local ON_GROUPS = {
  ["group-placed"] = true, ["group-leaving"] = true, ["group-released"] = true, ["room"] = true, ["room-closed"] = true,
  ["group-explained"] = true, ["offer-group"] = true, ["offer-room"] = true,
}

-- number, incarnation, request, how many calls, the length of each, then of each change: rule, what others are told, key,
-- three texts. Returns the place of the first change, of each call what is told instead, as a JSON array, and then what was
-- found that cannot be read.
local function commit(keys, args)
  local prefix, number, incarnation, request = keys[1], args[1], args[2], args[3]
  if not lives(prefix, number, incarnation) then return FENCED end
  local last = redis.call("GET", prefix .. "last:" .. number)
  if last then
    local answer = split(last)
    if table.remove(answer, 1) == request then return answer end
  end
  local calls = tonumber(args[4])
  local places = 0
  for i = 1, calls do places = places + tonumber(args[4 + i]) end
  local tx = begin(prefix)
  local count = math.max(1, places)
  local first = redis.call("INCRBY", prefix .. "n", count) - count + 1
  local at = 4 + calls
  local groups, asked = {}, {}
  for i = at + 1, #args, 6 do
    local key = args[i + 2]
    if ON_GROUPS[args[i]] and not asked[key] then
      asked[key] = true
      groups[#groups + 1] = key
    end
  end
  fetch_groups(tx, groups)
  local accepted = {}
  local answer = { integer(first) }
  local place = first
  for i = 1, calls do
    tx.instead, tx.doubtful = {}, {}
    for _ = 1, tonumber(args[4 + i]) do
      local told = rules[args[at + 1]](tx, args[at + 3], args[at + 4], args[at + 5], args[at + 6], place)
      if told then accepted[#accepted + 1] = told == true and args[at + 2] or told end
      at = at + 6
      place = place + 1
    end
    for _, key in ipairs(tx.doubtful) do tell_group_as_it_is(tx, key) end
    answer[#answer + 1] = "[" .. table.concat(tx.instead, ",") .. "]"
  end
  finish(tx)
  for _, what in ipairs(tx.damaged) do answer[#answer + 1] = what end
  redis.call(
    "XADD", prefix .. "log", "MINID", "~", integer(tx.now - HISTORY) .. "-0", "*",
    "n", answer[1], "k", integer(count), "g", number, "r", request, "c", "[" .. table.concat(accepted, ",") .. "]"
  )
  redis.call("SET", prefix .. "last:" .. number, request .. "\n" .. table.concat(answer, "\n"), "PX", REPEAT)
  return answer
end
`;
