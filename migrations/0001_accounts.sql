-- One set of migrations for SQLite and PostgreSQL. Times are Unix seconds. The session table has its own
-- migrations: crates/waxseal-session-sqlx/migrations/.

CREATE TABLE users (
    id            TEXT   NOT NULL PRIMARY KEY,
    email         TEXT   NOT NULL UNIQUE, -- in lower case
    password_hash TEXT   NOT NULL,        -- a PHC string
    role          TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);

-- For the check whether a user is the last administrator.
CREATE INDEX users_by_role ON users (role);

CREATE TABLE login_events (
    id         TEXT   NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    user_id    TEXT,            -- NULL if no account has the address
    outcome    TEXT   NOT NULL, -- granted, refused
    address    TEXT,
    user_agent TEXT
);

-- In the order in which the history is listed, so that no query has to sort.
CREATE INDEX login_events_by_user ON login_events (user_id, at, id);
CREATE INDEX login_events_by_time ON login_events (at);

-- Wrong passwords since the last right one, per account and network.
CREATE TABLE login_failures (
    account  TEXT   NOT NULL, -- a hash of the email address, whether or not it has an account
    network  TEXT   NOT NULL, -- IPv4 address or IPv6 /64; '' counts all networks
    failures BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (account, network)
);

CREATE INDEX login_failures_by_time ON login_failures (last_at);
