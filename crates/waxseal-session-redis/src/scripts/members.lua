-- The ids of a user's sessions, among them some that are over.
-- KEYS: the user's sessions
return redis.call('ZRANGE', KEYS[1], 0, -1)
