/** The function that checks and makes changes, and puts them into the log. */
export const COMMIT = String.raw`
-- Rules that ask for a group first of all.
local ON_GROUPS = {
  ["group-placed"] = true, ["group-moved"] = true, ["group-leaving"] = true, ["group-released"] = true,
  ["room"] = true, ["room-closed"] = true, ["group-explained"] = true, ["offer-group"] = true, ["offer-room"] = true,
}

-- What others are told, as JSON with a line for each change: the text as it came, unless some of it is not to be told.
local function new_entry(text)
  return { text = text, line = 0 }
end

local function take_apart(entry)
  entry.lines, entry.told = {}, {}
  local text = string.sub(entry.text, 2, -2)
  for line in string.gmatch(text .. ",\n", "([^\n]*),\n") do entry.lines[#entry.lines + 1] = line end
  for i = 1, entry.line do entry.told[i] = entry.lines[i] end
end

-- What has become of the next change, as a rule returns it.
local function note_result(entry, result)
  if result == nil then return end
  if result ~= true and not entry.lines then take_apart(entry) end
  if result == true or result == false then entry.line = entry.line + 1 end
  if result and entry.lines then
    entry.told[#entry.told + 1] = result == true and entry.lines[entry.line] or result
  end
end

local function entry_text(entry)
  return entry.told and "[" .. table.concat(entry.told, ",") .. "]" or entry.text
end

-- number, incarnation, request, what others are told, how many calls, the length of each, then of each change: rule, and its
-- texts, of which the key is empty where it is that of the change before. Returns the place of the first change, of each call
-- what is told instead, as a JSON array, and then what was found that cannot be read.
local function commit(keys, args)
  local prefix, number, incarnation, request = keys[1], args[1], args[2], args[3]
  if not lives(prefix, number, incarnation) then return FENCED end
  local last = redis.call("GET", prefix .. "last:" .. number)
  if last then
    local answer = split(last)
    if table.remove(answer, 1) == request then return answer end
  end
  local entry = new_entry(args[4])
  local calls = tonumber(args[5])
  local places = 0
  for i = 1, calls do places = places + tonumber(args[5 + i]) end
  local tx = begin(prefix)
  local count = math.max(1, places)
  local first = redis.call("INCRBY", prefix .. "n", count) - count + 1
  local start = 6 + calls
  local groups, asked = {}, {}
  local at, last_at, before = start, #args
  while at <= last_at do
    local rule, key = args[at], args[at + 1]
    if key == "" then
      key = before
      args[at + 1] = key
    end
    before = key
    if ON_GROUPS[rule] and not asked[key] then
      asked[key] = true
      groups[#groups + 1] = key
    end
    at = at + 1 + TEXTS[rule]
  end
  fetch_groups(tx, groups)
  at = start
  local answer = { integer(first) }
  local place = first
  for i = 1, calls do
    tx.instead, tx.doubtful = {}, {}
    for _ = 1, tonumber(args[5 + i]) do
      local rule = args[at]
      tx.place = place
      local result = rules[rule](tx, args[at + 1], args[at + 2], args[at + 3], args[at + 4])
      if result == true and not entry.lines then entry.line = entry.line + 1 -- as nearly always
      else note_result(entry, result) end
      at = at + 1 + TEXTS[rule]
      place = place + 1
    end
    for _, key in ipairs(tx.doubtful) do tell_group_as_it_is(tx, key) end
    answer[#answer + 1] = "[" .. table.concat(tx.instead, ",") .. "]"
  end
  finish(tx)
  for _, what in ipairs(tx.damaged) do answer[#answer + 1] = what end
  local id = redis.call(
    "XADD", prefix .. "log", "MINID", "~", integer(tx.now - HISTORY) .. "-0", "*",
    "n", answer[1], "k", integer(count), "g", number, "r", request, "c", entry_text(entry)
  )
  -- Ids of a log never go back: where the clock was set back, they do not tell for so long how old an entry is.
  if tonumber(string.match(id, "^%d+")) > tx.now + HISTORY then
    redis.call("XTRIM", prefix .. "log", "MAXLEN", "~", integer(LONGEST))
  end
  redis.call("SET", prefix .. "last:" .. number, request .. "\n" .. table.concat(answer, "\n"), "PX", REPEAT)
  return answer
end
`;
