-- Precedes the scripts that add to a user's sessions.

-- Adds a session, and removes those of which no cookie can be valid. They are kept for a while, as
-- revocations are.
local function index(key, id, latest_expiry, now, slack)
    local known = redis.call('ZSCORE', key, id)
    if not known or tonumber(known) < tonumber(latest_expiry) then
        redis.call('ZADD', key, latest_expiry, id)
    end
    redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('(%.0f', now - slack))
    local seconds = latest_expiry - now + slack
    if redis.call('TTL', key) < seconds then
        redis.call('EXPIRE', key, string.format('%.0f', seconds))
    end
end
