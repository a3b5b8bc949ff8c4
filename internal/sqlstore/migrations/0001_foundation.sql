-- The tables of the first release. One text for SQLite and PostgreSQL: TEXT,
-- BIGINT and BOOLEAN only; times are Unix microseconds, hashes hex, JSON is
-- TEXT that is never queried into. Every key begins with the tenant. Hot tables
-- are keyed by time-ordered selectors; "clustered" is WITHOUT ROWID on SQLite.

-- Counters that tell nodes that their snapshots are stale. Owner: tenant.
CREATE TABLE versions (
  name TEXT NOT NULL PRIMARY KEY,
  n BIGINT NOT NULL
) /* clustered */;
INSERT INTO versions (name, n) VALUES ('config', 1);

-- Owner: tenant. No expiry.
CREATE TABLE tenants (
  tenant TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  disabled_at BIGINT,
  spec TEXT NOT NULL
) /* clustered */;

-- Owner: client. No expiry.
CREATE TABLE clients (
  tenant TEXT NOT NULL,
  client_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  origin TEXT NOT NULL,
  spec TEXT NOT NULL,
  secrets TEXT NOT NULL,
  PRIMARY KEY (tenant, client_id)
) /* clustered */;

-- Resources and identity providers, as JSON. Owner: tenant. No expiry.
CREATE TABLE objects (
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  origin TEXT NOT NULL,
  spec TEXT NOT NULL,
  secrets TEXT NOT NULL,
  PRIMARY KEY (tenant, kind, name)
) /* clustered */;

-- Hashes of the secrets that an earlier apply set, so that a rotation made
-- elsewhere stays. Owner: tenant. No expiry.
CREATE TABLE applied (
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (tenant, kind, name)
) /* clustered */;

-- Owner: keys. Expiry: 400 days after a key retires.
CREATE TABLE keys (
  tenant TEXT NOT NULL,
  kid TEXT NOT NULL,
  alg TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  sign_from BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL,
  public_jwk TEXT NOT NULL,
  sealed TEXT NOT NULL,
  PRIMARY KEY (tenant, kid)
) /* clustered */;

-- Owner: account. No expiry. Grants and sessions from before valid_from are dead.
CREATE TABLE accounts (
  tenant TEXT NOT NULL,
  sub TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  disabled_at BIGINT,
  valid_from BIGINT NOT NULL,
  password_hash TEXT NOT NULL,
  password_changed_at BIGINT NOT NULL,
  email TEXT NOT NULL,
  email_verified BOOLEAN NOT NULL,
  mobile TEXT NOT NULL,
  mobile_verified BOOLEAN NOT NULL,
  profile TEXT NOT NULL,
  PRIMARY KEY (tenant, sub)
) /* clustered */;

-- Canonical identifiers: lookup and uniqueness. A row of kind tombstone keeps
-- the sub of a deleted account from being used again. Owner: account. No expiry.
CREATE TABLE identifiers (
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  sub TEXT NOT NULL,
  PRIMARY KEY (tenant, kind, key)
) /* clustered */;
CREATE INDEX identifiers_sub ON identifiers (tenant, sub);

-- Owner: account. One row per browser in which the account has signed in.
-- Expiry: a year after last_seen.
CREATE TABLE devices (
  tenant TEXT NOT NULL,
  sub TEXT NOT NULL,
  browser TEXT NOT NULL,
  first_seen BIGINT NOT NULL,
  last_seen BIGINT NOT NULL,
  PRIMARY KEY (tenant, sub, browser)
) /* clustered */;
CREATE INDEX devices_expiry ON devices (last_seen);

-- Owner: session. Expiry: 30 days after ended_at or expires_at.
CREATE TABLE sessions (
  tenant TEXT NOT NULL,
  id BIGINT NOT NULL,
  hash TEXT NOT NULL,
  sid TEXT NOT NULL,
  sub TEXT NOT NULL,
  browser TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  auth_time BIGINT NOT NULL,
  level BIGINT NOT NULL,
  amr TEXT NOT NULL,
  last_seen BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  idle_timeout BIGINT NOT NULL,
  persistent BOOLEAN NOT NULL,
  user_agent TEXT NOT NULL,
  address TEXT NOT NULL,
  ended_at BIGINT,
  end_reason TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
) /* clustered */;
CREATE UNIQUE INDEX sessions_sid ON sessions (tenant, sid);
CREATE INDEX sessions_sub ON sessions (tenant, sub, id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- Owner: session. Expiry: with their session.
CREATE TABLE participants (
  tenant TEXT NOT NULL,
  session BIGINT NOT NULL,
  client_id TEXT NOT NULL,
  joined_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, session, client_id),
  FOREIGN KEY (tenant, session) REFERENCES sessions (tenant, id) ON DELETE CASCADE
) /* clustered */;
CREATE INDEX participants_client ON participants (tenant, client_id, session);

-- What a browser did in one interaction (account chosen, account made).
-- Owner: authz. Expiry: expires_at (15 minutes).
CREATE TABLE progress (
  tenant TEXT NOT NULL,
  browser TEXT NOT NULL,
  interaction TEXT NOT NULL,
  chosen TEXT NOT NULL,
  registered BOOLEAN NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, browser, interaction)
) /* clustered */;
CREATE INDEX progress_expiry ON progress (expires_at);

-- Owner: grant. Expiry: none while the account lives.
CREATE TABLE consents (
  tenant TEXT NOT NULL,
  sub TEXT NOT NULL,
  client_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  given_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, sub, client_id)
) /* clustered */;
CREATE INDEX consents_client ON consents (tenant, client_id);

-- One grant: the code that began it, and what every token of it rests on. The
-- code's selector is the grant's id. Session-bound grants live only while their
-- session does. Owner: grant. Expiry: expires_at.
CREATE TABLE grants (
  tenant TEXT NOT NULL,
  id BIGINT NOT NULL,
  client_id TEXT NOT NULL,
  sub TEXT NOT NULL,
  session BIGINT NOT NULL,
  bound BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  code_hash TEXT NOT NULL,
  code_expires_at BIGINT NOT NULL,
  code_used_at BIGINT,
  spec TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
) /* clustered */;
CREATE INDEX grants_expiry ON grants (expires_at);

-- Owner: grant. Expiry: expires_at.
CREATE TABLE refresh_tokens (
  tenant TEXT NOT NULL,
  id BIGINT NOT NULL,
  grant_id BIGINT NOT NULL,
  hash TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  successor TEXT NOT NULL,
  grace_until BIGINT NOT NULL,
  reissued BOOLEAN NOT NULL,
  PRIMARY KEY (tenant, id)
) /* clustered */;
CREATE INDEX refresh_expiry ON refresh_tokens (expires_at);
CREATE INDEX refresh_sealed ON refresh_tokens (grace_until) WHERE successor <> '';

-- Opaque access tokens. grant_id 0: client_credentials. Owner: grant.
-- Expiry: expires_at.
CREATE TABLE access_tokens (
  tenant TEXT NOT NULL,
  id BIGINT NOT NULL,
  grant_id BIGINT NOT NULL,
  hash TEXT NOT NULL,
  client_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  audience TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  PRIMARY KEY (tenant, id)
) /* clustered */;
CREATE INDEX access_expiry ON access_tokens (expires_at);

-- JWT access tokens revoked before their time, by jti. Owner: grant.
-- Expiry: expires_at.
CREATE TABLE revoked_tokens (
  tenant TEXT NOT NULL,
  jti TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, jti)
) /* clustered */;
CREATE INDEX revoked_expiry ON revoked_tokens (expires_at);

-- Things that may be used once: ids of client assertions. Owner: client.
-- Expiry: expires_at.
CREATE TABLE seen (
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, kind, id)
) /* clustered */;
CREATE INDEX seen_expiry ON seen (expires_at);

-- Limits, as the times of the charges within the window: one number a key (the
-- arrival time of GCRA) admits nearly twice the limit in some windows, and the
-- limit on guesses is exact. Owner: throttle. Expiry: expires_at.
CREATE TABLE throttle (
  tenant TEXT NOT NULL,
  key TEXT NOT NULL,
  state TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, key)
) /* clustered */;

-- What changed, by whom. Owner: audit. Append-only.
CREATE TABLE audit (
  tenant TEXT NOT NULL,
  id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  sub TEXT NOT NULL,
  client_id TEXT NOT NULL,
  sid TEXT NOT NULL,
  address TEXT NOT NULL,
  request_id TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
) /* clustered */;
