-- One set of migrations for SQLite and PostgreSQL. Times are Unix seconds.

CREATE TABLE waxseal_sessions (
    id            TEXT   NOT NULL PRIMARY KEY,
    user_id       TEXT,            -- the app's id of the user; refers to no table
    state         TEXT   NOT NULL, -- a JSON object
    auth_time     BIGINT NOT NULL,
    last_seen     BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    latest_expiry BIGINT NOT NULL, -- no cookie of the session is valid later: the row stays until then
    revoked_at    BIGINT,
    revoked_seq   BIGINT,          -- the place in the order of commits, by which the feed reads
    replaced_by   TEXT,            -- the session that took the place of a revoked one
    address       TEXT,
    user_agent    TEXT,
    CHECK ((revoked_at IS NULL) = (revoked_seq IS NULL))
);

CREATE INDEX waxseal_sessions_by_user ON waxseal_sessions (user_id, expires_at);
CREATE INDEX waxseal_sessions_by_latest_expiry ON waxseal_sessions (latest_expiry);

-- A partial index, because most sessions are not revoked: with all of them in it, SQLite did not use
-- it, and a start with a million sessions took two seconds. It covers the feed's queries.
CREATE INDEX waxseal_sessions_by_revocation
    ON waxseal_sessions (revoked_seq, latest_expiry, id, revoked_at, replaced_by)
    WHERE revoked_seq IS NOT NULL;
