-- What a room has lost of its beginning: `horizon` is the last number that was pruned, `messages` how many are left, so that
-- nobody counts them to know which are too many. `topic_at` says who may see the topic when the event that set it is gone.
ALTER TABLE rooms ADD COLUMN horizon INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN topic_at INTEGER NOT NULL DEFAULT 0;
UPDATE rooms SET
    messages = (SELECT count(*) FROM messages WHERE messages.id > rooms.id << 32 AND messages.id <= rooms.id << 32 | rooms.seq),
    topic_at = ifnull((SELECT at FROM changes WHERE changes.id = rooms.id << 32 | topic_seq), 0);
ALTER TABLE rooms DROP COLUMN topic_seq;
