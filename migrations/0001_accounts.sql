-- One set of migrations for SQLite and PostgreSQL. Times are Unix seconds. Sessions have a table and
-- migrations of their own: src/db/sessions/migrations/.

CREATE TABLE users (
    id            TEXT   NOT NULL PRIMARY KEY,
    email         TEXT   NOT NULL UNIQUE, -- in lower case
    password_hash TEXT   NOT NULL,        -- a PHC string
    role          TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);

-- For the list of administrators.
CREATE INDEX users_by_role ON users (role);

CREATE TABLE login_events (
    id         TEXT   NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    user_id    TEXT,            -- none for an address without an account
    outcome    TEXT   NOT NULL, -- granted, refused
    address    TEXT,
    user_agent TEXT
);

-- A user's log-ins are read in this order, page by page: nothing is sorted.
CREATE INDEX login_events_by_user ON login_events (user_id, at, id);
CREATE INDEX login_events_by_time ON login_events (at);

-- Wrong passwords since the last right one: on which account, and from where.
CREATE TABLE login_failures (
    account  TEXT   NOT NULL, -- a fingerprint of the email address, with an account or without
    network  TEXT   NOT NULL, -- the address they came from, of IPv6 its first half; '' is anywhere
    failures BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (account, network)
);

CREATE INDEX login_failures_by_time ON login_failures (last_at);
