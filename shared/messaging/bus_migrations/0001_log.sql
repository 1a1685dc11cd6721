-- Topics, their partitions, who may write and read them, and the log itself.
--
-- Everything here belongs to sammen_bus, a role nobody logs in as. Services reach it only through
-- functions that run with its rights and judge the caller by session_user, which SET ROLE does
-- not change. So anybody may call those: who is no principal of the bus is refused by them.
GRANT USAGE ON SCHEMA bus TO PUBLIC;

CREATE TABLE topic (
    topic_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CONSTRAINT topic_is_known_once UNIQUE,
    partitions integer NOT NULL CONSTRAINT topic_has_partitions CHECK (partitions > 0),
    compacted boolean NOT NULL,
    bytes_max integer NOT NULL CONSTRAINT topic_takes_records CHECK (bytes_max > 0)
);
COMMENT ON COLUMN topic.topic_id IS 'Tells a topic from one of the same name created anew.';
COMMENT ON COLUMN topic.bytes_max IS 'Of key, value and headers of one record together.';

CREATE TABLE permission (
    topic_id bigint NOT NULL REFERENCES topic ON DELETE CASCADE,
    principal text NOT NULL,
    action text NOT NULL CONSTRAINT action_is_known CHECK (action IN ('read', 'write')),
    PRIMARY KEY (topic_id, principal, action)
);

CREATE TABLE partition (
    topic_id bigint NOT NULL REFERENCES topic ON DELETE CASCADE,
    partition integer NOT NULL CONSTRAINT partition_counts_from_zero CHECK (partition >= 0),
    end_offset bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic_id, partition)
) WITH (fillfactor = 50);
COMMENT ON COLUMN partition.end_offset IS 'The next record''s offset; locked while one is given.';

-- No foreign key to partition: append locks the partition's row itself, and checking once per
-- record would cost more than storing it.
CREATE TABLE record (
    topic_id bigint NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    compacted boolean NOT NULL,
    key bytea,
    value bytea,
    headers text NOT NULL,
    appended_at timestamptz NOT NULL,
    PRIMARY KEY (topic_id, partition, record_offset),
    CONSTRAINT compacted_record_has_key CHECK (key IS NOT NULL OR NOT compacted)
);
COMMENT ON COLUMN record.headers IS
    'JSON pairs [name, value or null]; a byte of the value is the character of that number.';
CREATE UNIQUE INDEX compacted_topic_keeps_newest_per_key
    ON record (topic_id, partition, sha256(key)) WHERE compacted;

CREATE FUNCTION principal() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = bus, pg_temp
AS $$
BEGIN
    IF NOT starts_with(session_user, 'sammen_') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('Role %s is no principal of the bus', session_user),
            HINT = 'Log in as the role of a service, sammen_<service>.';
    END IF;
    RETURN substr(session_user, length('sammen_') + 1);
END
$$;

CREATE FUNCTION describe_topics(p_names text[])
RETURNS TABLE (name text, partitions integer, may_write boolean, may_read boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = bus, pg_temp
AS $$
    SELECT
        topic.name,
        topic.partitions,
        bool_or(permission.action = 'write') IS TRUE,
        bool_or(permission.action = 'read') IS TRUE
    FROM topic
    LEFT JOIN permission
        ON permission.topic_id = topic.topic_id AND permission.principal = principal()
    WHERE topic.name = ANY (p_names)
    GROUP BY topic.topic_id
$$;

GRANT EXECUTE ON FUNCTION describe_topics(text[]) TO PUBLIC;
