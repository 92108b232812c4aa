-- Makes wrk print its counts on one line, for src/wrk.rs: requests, microseconds, bytes, errors, and the
-- median and 99th percentile of the latency in microseconds.
function done(summary, latency)
   local e = summary.errors
   local errors = e.connect + e.read + e.write + e.status + e.timeout
   io.write(string.format("counted %d %d %d %d %d %d\n", summary.requests, summary.duration,
      summary.bytes, errors, latency:percentile(50), latency:percentile(99)))
end
