-- Precedes the scripts that add to a user's sessions.

-- Adds a session, and removes those that have expired. They are kept for a while, as revocations are.
local function index(key, id, expires_at, now, slack)
    local known = redis.call('ZSCORE', key, id)
    if not known or tonumber(known) < tonumber(expires_at) then
        redis.call('ZADD', key, expires_at, id)
    end
    redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('(%.0f', now - slack))
    local seconds = expires_at - now + slack
    if redis.call('TTL', key) < seconds then
        redis.call('EXPIRE', key, string.format('%.0f', seconds))
    end
end
