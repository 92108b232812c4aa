-- One set of migrations for SQLite and PostgreSQL. Times are Unix seconds.

CREATE TABLE waxseal_sessions (
    id         TEXT   NOT NULL PRIMARY KEY,
    user_id    TEXT,            -- what the app calls its user; refers to no table
    state      TEXT   NOT NULL, -- a JSON object
    auth_time  BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    address    TEXT,
    user_agent TEXT
);

CREATE INDEX waxseal_sessions_by_user ON waxseal_sessions (user_id, expires_at);
CREATE INDEX waxseal_sessions_by_expiry ON waxseal_sessions (expires_at);

-- Most sessions are not revoked. With them in it, the index looked useless to SQLite: a start with a
-- million sessions took two seconds. All that the feed asks for is in it: it reads no row.
CREATE INDEX waxseal_sessions_by_revocation ON waxseal_sessions (revoked_at, expires_at, id)
    WHERE revoked_at IS NOT NULL;
