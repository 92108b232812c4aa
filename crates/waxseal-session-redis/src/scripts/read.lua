-- The stream from an entry on, with it. Reads it and the epoch at one moment.
-- KEYS: the set of revocations, the stream
-- ARGV: the epoch, the entry, at most how many
-- Returns: nothing if the epoch is over; else the entries
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
    return nil
end
return redis.call('XRANGE', KEYS[2], ARGV[2], '+', 'COUNT', ARGV[3])
