-- One set of migrations for SQLite and PostgreSQL. Times are Unix seconds. The session table has its own
-- migrations: crates/waxseal-session-sqlx/migrations/.

CREATE TABLE users (
    id            TEXT   NOT NULL PRIMARY KEY,
    email         TEXT   NOT NULL UNIQUE, -- in lower case
    password_hash TEXT   NOT NULL,        -- a PHC string
    role          TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    -- When the owner of the mailbox proved it; NULL if no one has.
    email_confirmed_at BIGINT,
    -- Counts changes of the address. Links that are about the address name it.
    email_version BIGINT NOT NULL DEFAULT 0,
    -- The address before the latest changes, until when its owner can undo them.
    previous_email TEXT,
    undo_until    BIGINT,
    -- When an administrator disabled the account: no one logs in to it.
    disabled_at   BIGINT
);

-- For the check whether a user is the last administrator.
CREATE INDEX users_by_role ON users (role);

CREATE INDEX users_by_undo ON users (undo_until) WHERE undo_until IS NOT NULL;

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

-- The outbox: mails that are to be sent. Written in the same transaction as what they tell of. No row holds
-- a token: links are sealed when the mail is sent.
CREATE TABLE mails (
    id            TEXT   NOT NULL PRIMARY KEY, -- a UUID of version 7, also of the Message-ID
    kind          TEXT   NOT NULL,
    user_id       TEXT,            -- NULL if the request only named an address
    address       TEXT   NOT NULL,
    data          TEXT   NOT NULL, -- JSON: what this kind of mail tells
    created_at    BIGINT NOT NULL,
    due_at        BIGINT NOT NULL, -- the next attempt
    claimed_until BIGINT NOT NULL, -- until then a node is sending it
    attempts      BIGINT NOT NULL,
    dead_at       BIGINT NOT NULL, -- when it is no longer useful
    failed_at     BIGINT,          -- when it was given up; it is shown to operators for a while
    last_error    TEXT
);

CREATE INDEX mails_by_due_time ON mails (due_at) WHERE failed_at IS NULL;
CREATE INDEX mails_by_failure ON mails (failed_at) WHERE failed_at IS NOT NULL;
CREATE INDEX mails_by_user ON mails (user_id);
CREATE INDEX mails_by_address ON mails (address);

-- A link that is asked for again takes the place of the one that waits. Notices are each sent.
CREATE UNIQUE INDEX mails_with_links ON mails (kind, address)
    WHERE failed_at IS NULL AND kind IN ('reset', 'sign-up', 'confirm', 'change-email', 'invitation');

-- How many mails of a kind were asked for, per address: at most one a minute and five a day.
CREATE TABLE mail_counts (
    recipient TEXT   NOT NULL, -- a hash of the kind and the address, whether or not it has an account
    mails     BIGINT NOT NULL,
    first_at  BIGINT NOT NULL,
    last_at   BIGINT NOT NULL,
    PRIMARY KEY (recipient)
);

CREATE INDEX mail_counts_by_time ON mail_counts (first_at);

-- Links that nothing else would mark as used.
CREATE TABLE used_links (
    id         TEXT   NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX used_links_by_expiry ON used_links (expires_at);
