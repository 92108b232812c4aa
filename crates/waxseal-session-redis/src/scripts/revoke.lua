-- Revokes a session, with a record or without.
-- KEYS: the set of revocations, the stream, the session, the user's sessions
-- ARGV: id, latest_expiry, the owner whose session it has to be (or '')
-- Returns: the expiry that the record had (0 if there was none), and until when it is revoked;
--          nothing if it is someone else's
local id, latest_expiry, owner = unpack(ARGV)
local record = redis.call('HMGET', KEYS[3], 'expires_at', 'user', 'latest_expiry')
if owner ~= '' and record[2] ~= owner then
    return nil
end
local kept = record[1] or '0'
redis.call('DEL', KEYS[3])
redis.call('ZREM', KEYS[4], id)
latest_expiry = later(latest_expiry, later(kept, record[3] or '0'))
announce(id, latest_expiry, '', '')
return {kept, latest_expiry}
