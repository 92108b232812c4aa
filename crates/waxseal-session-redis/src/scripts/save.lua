-- Moves the expiry of a live session, and sets its state if no one else has changed it since.
-- KEYS: the session, the user's sessions
-- ARGV: now, id, expires_at, latest_expiry, the version that was changed (or ''), the state, the user (or ''),
--       seconds that the user's sessions are kept longer
-- Returns: nothing if the session is over; else whether this is saved, the state, its version
local now, id, expires_at, latest_expiry, version, state, user, slack = unpack(ARGV)
local kept = redis.call('HMGET', KEYS[1], 'state', 'version', 'expires_at', 'latest_expiry')
if not kept[1] or not kept[2] or not kept[3] or tonumber(kept[3]) <= tonumber(now) then
    return nil
end
if version ~= '' and version ~= kept[2] then
    return {0, kept[1], kept[2]}
end
if tonumber(expires_at) < tonumber(kept[3]) then
    expires_at = kept[3]
end
if tonumber(latest_expiry) < tonumber(kept[4] or '0') then
    latest_expiry = kept[4]
end
redis.call('HSET', KEYS[1], 'expires_at', expires_at, 'latest_expiry', latest_expiry)
redis.call('EXPIRE', KEYS[1], string.format('%.0f', expires_at - now))
if version ~= '' then
    redis.call('HSET', KEYS[1], 'state', state, 'user', user)
    redis.call('HINCRBY', KEYS[1], 'version', 1)
    kept[1] = state
end
if user ~= '' then
    index(KEYS[2], id, latest_expiry, now, slack)
end
return {1, kept[1], kept[2]}
