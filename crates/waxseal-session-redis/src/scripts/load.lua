-- A session.
-- KEYS: the session
-- Returns: state, version, auth_time, expires_at
return redis.call('HMGET', KEYS[1], 'state', 'version', 'auth_time', 'expires_at')
