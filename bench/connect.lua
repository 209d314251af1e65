-- wrk script: Connect with a different token each time, from the file that TOKENS names; with FORWARDED as if a
-- proxy had passed it on, each token from an address of its own.
local tokens = {}
for line in io.lines(os.getenv("TOKENS")) do tokens[#tokens + 1] = line end

wrk.method = "POST"
wrk.body = '{"jsonrpc":"2.0","id":1,"method":"Connect","params":{}}'
wrk.headers["Content-Type"] = "application/json"

local requests = {}
local next_token = 0

function init()
  for i, token in ipairs(tokens) do
    wrk.headers["Authorization"] = "Bearer " .. token
    if os.getenv("FORWARDED") then
      wrk.headers["X-Forwarded-For"] = string.format("203.0.%d.%d", math.floor(i / 256) % 256, i % 256)
    end
    requests[i] = wrk.format()
  end
end

function request()
  next_token = next_token % #requests + 1
  return requests[next_token]
end

local threads = {}
function setup(thread) table.insert(threads, thread) end

local granted, refused = 0, 0
function response(status, headers, body)
  if status == 200 and body:find('"token"', 1, true) then granted = granted + 1 else refused = refused + 1 end
  wrk.thread:set("granted", granted)
  wrk.thread:set("refused", refused)
end

function done(summary, latency)
  local ok, bad = 0, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do
    ok = ok + (thread:get("granted") or 0)
    bad = bad + (thread:get("refused") or 0)
  end
  io.write(string.format(
    'RESULT {"seconds":%f,"granted":%d,"refused":%d,"p50":%f,"p99":%f}\n',
    summary.duration / 1e6, ok, bad, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
