-- One set of migrations for SQLite and PostgreSQL. Times are Unix seconds.

CREATE TABLE users (
    id            TEXT   NOT NULL PRIMARY KEY,
    email         TEXT   NOT NULL UNIQUE, -- in lower case
    password_hash TEXT   NOT NULL,        -- a PHC string
    role          TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);

-- For the list of administrators.
CREATE INDEX users_by_role ON users (role);

-- user_id refers to nothing: a session's row outlives its person until its cookie is dead.
CREATE TABLE sessions (
    id         TEXT   NOT NULL PRIMARY KEY,
    user_id    TEXT,
    state      TEXT   NOT NULL, -- a JSON object
    auth_time  BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    address    TEXT,
    user_agent TEXT
);

CREATE INDEX sessions_by_user ON sessions (user_id, expires_at);
CREATE INDEX sessions_by_revocation ON sessions (revoked_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE login_events (
    id         TEXT   NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    user_id    TEXT,            -- none for an address without an account
    outcome    TEXT   NOT NULL, -- granted, refused
    address    TEXT,
    user_agent TEXT
);

CREATE INDEX login_events_by_user ON login_events (user_id, at);
CREATE INDEX login_events_by_time ON login_events (at);
