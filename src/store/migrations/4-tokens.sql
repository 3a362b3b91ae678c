-- Version 4: API tokens. What is kept opens nothing: a hash of the secret's 256 random bits.

CREATE TABLE token (
  id         TEXT PRIMARY KEY,           -- stands in the token itself, before the secret
  name       TEXT NOT NULL,              -- who or what it was made for
  role       TEXT NOT NULL CHECK (role IN ('viewer', 'practitioner', 'manager', 'owner')),
  hash       TEXT NOT NULL,
  created    INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires    INTEGER NOT NULL DEFAULT 0, -- 0: never
  used       INTEGER NOT NULL DEFAULT 0, -- lately, to the hour; 0: never
  revoked    INTEGER NOT NULL DEFAULT 0, -- 0: not; a row is never deleted
  revoked_by TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX token_name ON token (name) WHERE revoked = 0;
