-- A session.
-- KEYS: the session
-- Returns: state, version, auth_time, expires_at, latest_expiry
return redis.call('HMGET', KEYS[1], 'state', 'version', 'auth_time', 'expires_at', 'latest_expiry')
