-- The history of a user's log-ins is read in this order: page by page, nothing is sorted.

DROP INDEX login_events_by_user;
CREATE INDEX login_events_by_user ON login_events (user_id, at, id);
