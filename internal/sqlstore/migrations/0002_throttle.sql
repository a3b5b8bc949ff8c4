-- Limits, as the times of the charges within the window: one number a key (the
-- arrival time of GCRA) admits nearly twice the limit in some windows, and the
-- limit on guesses is exact. Owner: throttle. Expiry: expires_at.
DROP TABLE throttle;
CREATE TABLE throttle (
  tenant TEXT NOT NULL,
  key TEXT NOT NULL,
  state TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, key)
) /* clustered */;
