-- Removes revocations of sessions that have expired before a time. The epoch stays.
-- KEYS: the set of revocations
-- ARGV: the time
-- Returns: how many
return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1])
