-- Requests from a file, one after another, for wrk; every answer is looked at.
-- wrk -s asking.lua URL -- FILE: the requests are separated by NUL.

local requests, at, good, threads = {}, 0, {}, {}
wrong, sample = 0, ""

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for each in file:read("*a"):gmatch("%Z+") do table.insert(requests, each) end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function response(status, headers, body)
  if status == 200 and good[body] then return end
  if status == 200 and body:gsub("%s", "") == '{"statusCode":0}' then
    good[body] = true
    return
  end
  wrong = wrong + 1
  if sample == "" then sample = status .. " " .. body end
end

function done(summary, latency, _)
  local bad, said = 0, ""
  for _, thread in ipairs(threads) do
    bad, said = bad + thread:get("wrong"), thread:get("sample")
  end
  local broken = summary.errors
  local lost = broken.connect + broken.read + broken.write
  io.write(string.format("\nfound %d %d %d %d %d %d %d %s\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), bad, lost, broken.timeout, said:gsub("%s", " ")))
end
