-- The live sessions of a user. Those that have become another user's leave the list; those without a
-- record stay on it, because their cookies may still be valid.
-- KEYS: the user's sessions, each of these sessions
-- ARGV: the user, now, seconds that expired ones are kept, the id of each session
-- Returns: id, auth_time, expires_at, last_seen of each
local user, now, slack = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local sessions = {}
for i = 2, #KEYS do
    local id = ARGV[i + 2]
    local record = redis.call('HMGET', KEYS[i], 'user', 'auth_time', 'expires_at', 'last_seen')
    if record[1] == user and record[3] then
        if tonumber(record[3]) > now then
            table.insert(sessions, {id, record[2], record[3], record[4]})
        end
    elseif record[1] then
        redis.call('ZREM', KEYS[1], id)
    end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now - slack))
return sessions
