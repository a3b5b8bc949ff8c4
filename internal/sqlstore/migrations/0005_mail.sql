-- What mail makes possible: proofs of an address, and mails about sign-ins.

-- A code and a link that were mailed: whoever brings one of them back has the
-- mailbox. sub '': nobody's yet. code_hash and link_hash '': the mail carried
-- none, and nothing proves it; it looks the same from outside. payload is what
-- waits for the proof (a registration), sealed; request is the sealed request
-- that the person came with. 0 in a time: not yet. Owner: challenge. Expiry:
-- expires_at.
CREATE TABLE challenges (
  tenant TEXT NOT NULL,
  id BIGINT NOT NULL,
  purpose TEXT NOT NULL,
  sub TEXT NOT NULL,
  address TEXT NOT NULL,
  browser TEXT NOT NULL,
  locale TEXT NOT NULL,
  link_hash TEXT NOT NULL,
  code_hash TEXT NOT NULL,
  tries BIGINT NOT NULL,
  sent_at BIGINT NOT NULL,
  code_until BIGINT NOT NULL,
  link_until BIGINT NOT NULL,
  proved_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  request TEXT NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
) /* clustered */;
CREATE INDEX challenges_sub ON challenges (tenant, sub, purpose) WHERE sub <> '';
CREATE INDEX challenges_address ON challenges (tenant, address, purpose);
CREATE INDEX challenges_expiry ON challenges (expires_at);

-- Mails about sign-ins and new passwords, by the link "this wasn't me" in them.
-- email is where the mail went, address its canonical form. used_at 0: not
-- pressed. Owner: alert. Expiry: expires_at (seven days).
CREATE TABLE alerts (
  tenant TEXT NOT NULL,
  id BIGINT NOT NULL,
  hash TEXT NOT NULL,
  sub TEXT NOT NULL,
  session BIGINT NOT NULL,
  address TEXT NOT NULL,
  email TEXT NOT NULL,
  at BIGINT NOT NULL,
  user_agent TEXT NOT NULL,
  place TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
) /* clustered */;
CREATE INDEX alerts_sub ON alerts (tenant, sub, used_at);
CREATE INDEX alerts_expiry ON alerts (expires_at);

-- When an identifier came to its account, so that "this wasn't me" suspends
-- those that came after that sign-in: their row's kind becomes suspended_KIND,
-- which signs nobody in and reserves nothing. 0: before this release.
ALTER TABLE identifiers ADD COLUMN added_at BIGINT NOT NULL DEFAULT 0;
