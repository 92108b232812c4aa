-- Keeps a new session, and revokes the one that it replaces.
-- KEYS: the set of revocations, the stream, the session, the replaced session, the user's sessions
-- ARGV: the epoch, now, id, auth_time, expires_at, latest_expiry, state, the user (or ''), the replaced id
--       (or ''), seconds that the user's sessions are kept longer
-- Returns: 'lost', 'over', or 'created' and the latest expiry of the replaced session
local epoch, now, id, auth_time, expires_at, latest_expiry, state, user, replaced, slack = unpack(ARGV)
if not redis.call('ZSCORE', KEYS[1], epoch) then
    return {'lost', '0'}
end
-- Sent again after the connection broke.
if redis.call('EXISTS', KEYS[3]) == 1 then
    return {'created', redis.call('ZSCORE', KEYS[1], replaced) or '0'}
end
if redis.call('ZSCORE', KEYS[1], id) then
    return {'over', '0'}
end
local replaced_until = '0'
if replaced ~= '' then
    local old = redis.call('HMGET', KEYS[4], 'expires_at', 'latest_expiry')
    if tonumber(old[1] or '0') <= tonumber(now) then
        return {'over', '0'}
    end
    replaced_until = later(old[1], old[2] or '0')
    redis.call('DEL', KEYS[4])
    announce(replaced, replaced_until, id, now)
end
redis.call('HSET', KEYS[3], 'state', state, 'version', '1', 'auth_time', auth_time,
    'expires_at', expires_at, 'latest_expiry', latest_expiry, 'user', user, 'last_seen', now)
redis.call('EXPIRE', KEYS[3], string.format('%.0f', expires_at - now))
if user ~= '' then
    if replaced ~= '' then
        redis.call('ZREM', KEYS[5], replaced)
    end
    index(KEYS[5], id, latest_expiry, now, slack)
end
return {'created', replaced_until}
