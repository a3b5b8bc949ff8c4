-- Clients that were deleted and of which something may be left: sessions in
-- which they took part and of which they have not been told yet (spec says how),
-- consents. at is when they went. Owner: client. Expiry: a minute after at, once
-- nothing is left.
CREATE TABLE departures (
  tenant TEXT NOT NULL,
  client_id TEXT NOT NULL,
  spec TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (tenant, client_id)
) /* clustered */;
