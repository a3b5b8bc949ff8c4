-- What an administrator looks for: deliveries that nobody took, newest first.
-- Few rows, so the indexes cost an ordinary delivery nothing.
CREATE INDEX outbox_refused ON outbox (tenant, kind, id) WHERE state = 'refused';
CREATE INDEX outbox_dead ON outbox (tenant, kind, id) WHERE state = 'dead';
