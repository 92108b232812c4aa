-- A part of the set of revocations.
-- KEYS: the set
-- ARGV: the cursor, roughly how many
-- Returns: the next cursor; members and scores
return redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
