-- Precedes the scripts that revoke. KEYS[1] is the set of revocations, KEYS[2] the stream.

-- Revokes a session: for the nodes that start later in the set, for those that run in the stream.
local function announce(id, expires_at, by, at)
    local known = redis.call('ZSCORE', KEYS[1], id)
    if not known or tonumber(known) < tonumber(expires_at) then
        redis.call('ZADD', KEYS[1], expires_at, id)
    end
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', '10000', '*',
        'id', id, 'expires_at', expires_at, 'by', by, 'at', at)
end

-- The later of two times, as text: tostring() may round.
local function later(one, other)
    return tonumber(one) < tonumber(other) and other or one
end
