-- What the bus has not taken yet, beside the outbox and no longer in it: a kept row is written once.
-- Marking the row itself wrote all of it a second time, and left a dead entry at the head of the
-- index that every look into the outbox began with.
-- Nobody writes until this is done: a row written between would not be found waiting.
LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE;

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

-- Whoever writes to the outbox, of whatever release: no row of it can fail to wait. One call for
-- each statement, however many rows.
CREATE FUNCTION outbox_rows_wait() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO outbox_waiting (position, topic) SELECT position, topic FROM written;
    RETURN NULL;
END
$$;

CREATE TRIGGER outbox_rows_wait
AFTER INSERT ON outbox
REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION outbox_rows_wait();
