-- Of whom somebody wants to hear nothing, by what the name is folded to.
CREATE TABLE blocks (
    author TEXT NOT NULL,
    folded TEXT NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (author, folded)
) STRICT, WITHOUT ROWID;

-- When somebody said something last, in rooms that are slow.
CREATE TABLE spoken (
    room   INTEGER NOT NULL,
    author INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (room, author)
) STRICT, WITHOUT ROWID;
