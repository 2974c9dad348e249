-- The log. An event's id is `room << 32 | seq`, so that one room's events lie together and in order: history and resume
-- are ranges of a table's own b-tree. Messages and changes have a table each, so that a page of history reads messages only,
-- however many reactions lie between; a resume merges the two.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- `seq` is the last number given. It lives here, not in the events, so that pruning never makes a number come again.
CREATE TABLE rooms (
    id        INTEGER PRIMARY KEY,
    folded    TEXT    NOT NULL UNIQUE,
    name      TEXT    NOT NULL,
    private   INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    topic     TEXT    NOT NULL DEFAULT '',
    topic_seq INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX rooms_by_use ON rooms (private, at);

CREATE TABLE private_rooms (
    user TEXT    NOT NULL,
    room INTEGER NOT NULL,
    PRIMARY KEY (user, room)
) STRICT, WITHOUT ROWID;

CREATE TABLE authors (
    id  INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
) STRICT;

-- `text` as it was said, `now` as it was last edited; both empty once `deleted` (the seq of the deletion).
CREATE TABLE messages (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    author    INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    text      TEXT    NOT NULL,
    cid       TEXT,
    reply_to  INTEGER,
    action    INTEGER NOT NULL,
    now       TEXT,
    edited_at INTEGER,
    deleted   INTEGER
) STRICT;

-- Everything else that lasts. `target` is a message's id; `text` an edit's words, an emoji or a topic; `flag` says of a
-- reaction that it was put on, and of an edit that its words were deleted.
CREATE TABLE changes (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    name   TEXT    NOT NULL,
    kind   INTEGER NOT NULL,
    target INTEGER,
    text   TEXT    NOT NULL,
    flag   INTEGER NOT NULL
) STRICT;
-- 1 is an edit: a deletion has to find them.
CREATE INDEX edits ON changes (target) WHERE kind = 1;

-- What makes a message be kept once, for ever: it outlives the message.
CREATE TABLE sent (
    room   INTEGER NOT NULL,
    author INTEGER NOT NULL,
    cid    TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (room, author, cid)
) STRICT, WITHOUT ROWID;

-- The reactions that are on now.
CREATE TABLE reactions (
    message INTEGER NOT NULL,
    author  INTEGER NOT NULL,
    emoji   TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (message, author, emoji)
) STRICT, WITHOUT ROWID;

CREATE TABLE marks (
    author INTEGER NOT NULL,
    room   INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (author, room)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    hash   BLOB PRIMARY KEY,
    author TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    made   INTEGER NOT NULL,
    used   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_use ON sessions (used);

-- The current words of every message that is not deleted, by the message's id. Contentless, because the text is in
-- `messages`; without `contentless_delete`, because that leaves a deleted message's words in the index until a merge, while
-- `secure-delete` takes them out at once.
CREATE VIRTUAL TABLE words USING fts5 (
    text,
    content = '',
    columnsize = 0,
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
