-- Sets when sessions were last seen.
-- KEYS: the sessions
-- ARGV: when each was seen
for i, key in ipairs(KEYS) do
    local last_seen = redis.call('HGET', key, 'last_seen')
    -- No record is created.
    if last_seen and tonumber(last_seen) < tonumber(ARGV[i]) then
        redis.call('HSET', key, 'last_seen', ARGV[i])
    end
end
