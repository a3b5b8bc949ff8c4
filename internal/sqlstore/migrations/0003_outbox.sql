-- Durable jobs and what became of them: logout deliveries, mails. A row is
-- written in the transition that it tells of. due_at of a pending row is when
-- it may be tried next: a lease moves it 30 seconds ahead, so a worker that
-- dies gives its rows back by doing nothing. Rows of one lane (an application,
-- a mail server) are tried by one rule of pace; a lane's name begins with its
-- kind and tenant. session 0: about no session. payload is erased once a row
-- that carries something secret is settled. Owner: outbox. Expiry: 30 days
-- after settled_at.
CREATE TABLE outbox (
  tenant TEXT NOT NULL,
  id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  lane TEXT NOT NULL,
  session BIGINT NOT NULL,
  sid TEXT NOT NULL,
  sub TEXT NOT NULL,
  payload TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  since BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  holder TEXT NOT NULL,
  state TEXT NOT NULL,
  answer TEXT NOT NULL,
  settled_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
) /* clustered */;
CREATE INDEX outbox_due ON outbox (lane, due_at) WHERE state = 'pending';
CREATE INDEX outbox_lane ON outbox (lane, id);
CREATE INDEX outbox_session ON outbox (tenant, session, id) WHERE session <> 0;
CREATE INDEX outbox_settled ON outbox (settled_at) WHERE state <> 'pending';

-- Sessions that reach their end by themselves are ended like all others, so
-- only those still alive are looked for by time.
CREATE INDEX sessions_absolute ON sessions (expires_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_idle ON sessions ((last_seen + idle_timeout)) WHERE ended_at IS NULL AND idle_timeout > 0;
DROP INDEX sessions_expiry;
