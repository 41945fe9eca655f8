-- Makes wrk end with one line of JSON, in the words of the other load generators. It says nothing
-- of requests, so wrk sends the same one again and again without asking it.
function done(summary, latency, _)
  local errors = summary.errors
  local format = '{"requests":%d,"requests_per_s":%.0f,"p50":%.1f,"p99":%.1f,"p999":%.1f,'
    .. '"max":%.1f,"errors":%d}\n'
  io.write(format:format(
    summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(50),
    latency:percentile(99), latency:percentile(99.9), latency.max,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
