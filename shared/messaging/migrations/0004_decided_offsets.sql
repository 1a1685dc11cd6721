-- How far each consumer has decided each partition, written with the decisions themselves: the bus
-- may be further than a database that was restored, or whose stand-by took its place.
CREATE TABLE decided_offset (
    consumer    text    NOT NULL,
    topic       text    NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint  NOT NULL CHECK (next_offset >= 0),
    PRIMARY KEY (consumer, topic, partition)
) WITH (
    -- Every batch writes its few rows again: room beside them, so that no index is touched.
    fillfactor = 50
);

-- Whether all decisions about a topic were written down here from the first one on. Where they were
-- not, as for what a release before this one heard, the group's own offsets are believed.
ALTER TABLE heard_topic ADD COLUMN from_the_first boolean NOT NULL DEFAULT false;
