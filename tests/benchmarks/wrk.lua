-- wrk -s wrk.lua URL -- METHOD BODY [HEADER VALUE]...; prints one JSON line at the end.
-- A header whose value is COUNT has another one with each request.

local counted
local sent = 1000000000

function init(args)
  wrk.method = args[1]
  if args[2] ~= "" then
    wrk.body = args[2]
  end
  for i = 3, #args, 2 do
    wrk.headers[args[i]] = args[i + 1]
    if args[i + 1] == "COUNT" then
      counted = args[i]
    end
  end
  if counted then
    request = function()
      sent = sent + 1
      wrk.headers[counted] = sent
      return wrk.format()
    end
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
