-- Revokes sessions that a node knows to be revoked and that Redis has lost.
-- KEYS: the set of revocations, the stream, the sessions
-- ARGV: id and expires_at of each
-- Returns: how many were not known
local restored = 0
for i = 3, #KEYS do
    local id, expires_at = ARGV[2 * i - 5], ARGV[2 * i - 4]
    local known = redis.call('ZSCORE', KEYS[1], id)
    if not known or tonumber(known) < tonumber(expires_at) then
        redis.call('DEL', KEYS[i])
        announce(id, expires_at, '', '')
        restored = restored + 1
    end
end
return restored
