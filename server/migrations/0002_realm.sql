-- The server's own log: what makes the realm (accounts, tokens), in order. It is read whole at each start.
CREATE TABLE decrees (
    seq    INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    decree TEXT    NOT NULL
) STRICT;

-- When a token opened the door last. Not decreed: it decides nothing.
CREATE TABLE token_uses (
    token INTEGER PRIMARY KEY,
    used  INTEGER NOT NULL
) STRICT;
