-- The epoch: the member of the set of revocations that never goes. Without it, the set was lost.
-- KEYS: the set of revocations, the stream
-- ARGV: the earliest beginning of an epoch that this node accepts; an epoch to begin if there is none
-- Returns: the epoch
local minimum, candidate = tonumber(ARGV[1]), ARGV[2]
local best, best_beginning
for _, epoch in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '+inf', '+inf')) do
    local beginning = tonumber(string.match(epoch, '^epoch:(%d+):'))
    if beginning and beginning >= (best_beginning or minimum) then
        best, best_beginning = epoch, beginning
    end
end
if not best then
    -- An older epoch is that of older data, which a backup has brought back.
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '+inf', '+inf')
    redis.call('ZADD', KEYS[1], '+inf', candidate)
    best = candidate
end
if redis.call('XLEN', KEYS[2]) == 0 then
    -- So that nodes can tell by its last entry whether the stream was lost.
    redis.call('XADD', KEYS[2], '*', 'epoch', best)
end
return best
