-- Wrong passwords since the last right one: on whose account, and from where.

CREATE TABLE login_failures (
    account  TEXT   NOT NULL, -- a fingerprint of the e-mail address, with an account or without
    network  TEXT   NOT NULL, -- the address they came from, of IPv6 its first half; '' is anywhere
    failures BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (account, network)
);

CREATE INDEX login_failures_by_time ON login_failures (last_at);
