-- The id of the stream's last entry.
-- KEYS: the stream
local entries = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return entries[1] and entries[1][1]
