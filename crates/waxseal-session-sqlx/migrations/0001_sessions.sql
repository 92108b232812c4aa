-- One set of migrations for SQLite and PostgreSQL. Times are Unix seconds.

CREATE TABLE waxseal_sessions (
    id         TEXT   NOT NULL PRIMARY KEY,
    user_id    TEXT,            -- the app's id of the user; refers to no table
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

-- A partial index, because most sessions are not revoked: with all of them in it, SQLite did not use
-- it, and a start with a million sessions took two seconds. It covers the feed's query.
CREATE INDEX waxseal_sessions_by_revocation ON waxseal_sessions (revoked_at, expires_at, id)
    WHERE revoked_at IS NOT NULL;
