-- Revokes the sessions of a user.
-- KEYS: the set of revocations, the stream, the user's sessions, each of these sessions
-- ARGV: the user, the id of the exception (or ''), the id of each session
-- Returns: nothing if the user has another session; else id and latest expiry of each that was revoked, and
--          the expiry that its record had (0 if there was none)
local user, except = ARGV[1], ARGV[2]
local passed, revoked = {}, {}
for i = 3, #ARGV do
    passed[ARGV[i]] = KEYS[i + 1]
end
local members = redis.call('ZRANGE', KEYS[3], 0, -1, 'WITHSCORES')
for i = 1, #members, 2 do
    if members[i] ~= except and not passed[members[i]] then
        return nil
    end
end
for i = 1, #members, 2 do
    local id, latest_expiry = members[i], members[i + 1]
    if id ~= except then
        local record = redis.call('HMGET', passed[id], 'expires_at', 'user', 'latest_expiry')
        -- It may have become another user's. Without a record, its cookie may still be valid.
        if not record[2] or record[2] == user then
            latest_expiry = later(latest_expiry, later(record[1] or '0', record[3] or '0'))
            redis.call('DEL', passed[id])
            announce(id, latest_expiry, '', '')
            table.insert(revoked, {id, latest_expiry, record[1] or '0'})
        end
        redis.call('ZREM', KEYS[3], id)
    end
end
return revoked
