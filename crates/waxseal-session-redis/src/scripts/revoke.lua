-- Revokes a session, with a record or without.
-- KEYS: the set of revocations, the stream, the session, the user's sessions
-- ARGV: id, expires_at, the owner whose session it has to be (or '')
-- Returns: the expiry that the record had (0 if there was none), and until when it is revoked;
--          nothing if it is someone else's
local id, expires_at, owner = unpack(ARGV)
local record = redis.call('HMGET', KEYS[3], 'expires_at', 'user')
if owner ~= '' and record[2] ~= owner then
    return nil
end
local kept = record[1] or '0'
redis.call('DEL', KEYS[3])
redis.call('ZREM', KEYS[4], id)
expires_at = later(expires_at, kept)
announce(id, expires_at, '', '')
return {kept, expires_at}
