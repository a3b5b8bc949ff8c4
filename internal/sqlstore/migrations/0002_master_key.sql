-- A constant sealed with the master key, so that a start with another key is
-- refused before it makes or seals anything. One row. Owner: app. No expiry.
CREATE TABLE master_key (
  id TEXT NOT NULL PRIMARY KEY,
  sealed TEXT NOT NULL
) /* clustered */;
