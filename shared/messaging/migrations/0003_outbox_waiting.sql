-- What the bus has not taken yet, beside the outbox and no longer in it: a kept row is written once.
-- Marking the row itself wrote all of it a second time, and left a dead entry at the head of the
-- index that every look into the outbox began with.
CREATE TABLE outbox_waiting (
    position bigint PRIMARY KEY,
    topic    text NOT NULL
) WITH (
    -- Every row dies once, when it is published. A share of what waits is no measure of that.
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 10000
);

INSERT INTO outbox_waiting (position, topic)
SELECT position, topic
FROM outbox
WHERE published_at IS NULL AND refused_reason IS NULL;

ALTER TABLE outbox
    RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold),
    DROP CONSTRAINT refused_is_not_published,
    DROP COLUMN published_at;
