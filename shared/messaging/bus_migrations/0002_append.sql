-- Appending records: one call, one transaction, one notice.
--
-- A partition's row is locked from before its offsets are given until the commit, in the same
-- order by everyone. So offsets become visible in order, and no reader ever sees a hole.
-- The topics asked for, in the order asked; raises unless this principal may write each of them
-- and counts its partitions as the bus does.
CREATE FUNCTION writable_topics(p_names text[], p_partition_counts integer[])
RETURNS SETOF topic
LANGUAGE plpgsql STABLE SET search_path = bus, pg_temp
AS $$
DECLARE
    v_name text;
BEGIN
    SELECT asked.name INTO v_name
    FROM unnest(p_names, p_partition_counts) AS asked (name, partitions)
    LEFT JOIN topic ON topic.name = asked.name
    WHERE topic.partitions IS DISTINCT FROM asked.partitions
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'SB001',
            MESSAGE = format('Topic %s is missing or has another number of partitions', v_name);
    END IF;
    SELECT topic.name INTO v_name
    FROM topic
    WHERE topic.name = ANY (p_names)
      AND NOT EXISTS (
          SELECT FROM permission
          WHERE permission.topic_id = topic.topic_id
            AND permission.principal = principal()
            AND permission.action = 'write'
      )
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('%s may not write topic %s', principal(), v_name);
    END IF;
    RETURN QUERY
        SELECT topic.topic_id, topic.name, topic.partitions, topic.compacted, topic.bytes_max
        FROM unnest(p_names) WITH ORDINALITY AS asked (name, place)
        JOIN topic ON topic.name = asked.name
        ORDER BY asked.place;
END
$$;

-- Raises when a record is one its topic can't take.
CREATE FUNCTION refuse_impossible_records(
    p_topics topic[],
    p_places integer[],
    p_keys bytea[],
    p_values bytea[],
    p_headers text[]
) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = bus, pg_temp
AS $$
DECLARE
    v_name text;
    v_bytes_max integer;
    v_bytes integer;
BEGIN
    SELECT topic.name, topic.bytes_max, size.bytes INTO v_name, v_bytes_max, v_bytes
    FROM unnest(p_places, p_keys, p_values, p_headers) AS given (place, key, value, headers)
    JOIN unnest(p_topics) WITH ORDINALITY
        AS topic (topic_id, name, partitions, compacted, bytes_max, place) USING (place)
    CROSS JOIN LATERAL (
        SELECT coalesce(octet_length(given.key), 0)
            + coalesce(octet_length(given.value), 0)
            + octet_length(given.headers) AS bytes
    ) AS size
    WHERE size.bytes > topic.bytes_max
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'SB002',
            MESSAGE = format(
                'A record of %s bytes is too large for topic %s, which takes %s',
                v_bytes, v_name, v_bytes_max
            );
    END IF;
    SELECT topic.name INTO v_name
    FROM unnest(p_places, p_keys) AS given (place, key)
    JOIN unnest(p_topics) WITH ORDINALITY
        AS topic (topic_id, name, partitions, compacted, bytes_max, place) USING (place)
    WHERE topic.compacted AND given.key IS NULL
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'SB003',
            MESSAGE = format('A record without a key can''t go to compacted topic %s', v_name);
    END IF;
END
$$;

-- Makes room for the newest record of each key on compacted topics, and names the records of this
-- append that a later one of it makes superfluous (they get offsets, but are not stored).
CREATE FUNCTION compact(
    p_topics topic[],
    p_places integer[],
    p_partitions integer[],
    p_keys bytea[]
) RETURNS bigint[]
LANGUAGE plpgsql VOLATILE SET search_path = bus, pg_temp
AS $$
DECLARE
    v_superfluous bigint[];
BEGIN
    DELETE FROM record
    USING (
        SELECT DISTINCT topic.topic_id, given.partition, sha256(given.key) AS digest
        FROM unnest(p_places, p_partitions, p_keys) AS given (place, partition, key)
        JOIN unnest(p_topics) WITH ORDINALITY
            AS topic (topic_id, name, partitions, compacted, bytes_max, place) USING (place)
        WHERE topic.compacted
    ) AS superseded
    WHERE record.compacted
      AND record.topic_id = superseded.topic_id
      AND record.partition = superseded.partition
      AND sha256(record.key) = superseded.digest;
    SELECT coalesce(array_agg(line.number), '{}') INTO v_superfluous
    FROM (
        SELECT
            given.number,
            lead(given.number) OVER (
                PARTITION BY given.place, given.key ORDER BY given.number
            ) AS later
        FROM unnest(p_places, p_keys) WITH ORDINALITY AS given (place, key, number)
        JOIN unnest(p_topics) WITH ORDINALITY
            AS topic (topic_id, name, partitions, compacted, bytes_max, place) USING (place)
        WHERE topic.compacted
    ) AS line
    WHERE line.later IS NOT NULL;
    RETURN v_superfluous;
END
$$;

-- Stores all records or none. p_topics and p_partition_counts name each topic once; p_places says
-- for each record which of them (from 1) is its own.
CREATE FUNCTION append(
    p_topics text[],
    p_partition_counts integer[],
    p_places integer[],
    p_partitions integer[],
    p_keys bytea[],
    p_values bytea[],
    p_headers text[]
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = bus, pg_temp
AS $$
DECLARE
    v_topics topic[];
    v_superfluous bigint[] := '{}';
    v_appended bigint;
BEGIN
    v_topics := ARRAY(SELECT topic FROM writable_topics(p_topics, p_partition_counts) AS topic);
    PERFORM refuse_impossible_records(v_topics, p_places, p_keys, p_values, p_headers);
    PERFORM
    FROM partition
    WHERE (partition.topic_id, partition.partition) IN (
        SELECT (v_topics[given.place]).topic_id, given.partition
        FROM unnest(p_places, p_partitions) AS given (place, partition)
    )
    ORDER BY partition.topic_id, partition.partition
    FOR NO KEY UPDATE;
    IF true = ANY (SELECT topic.compacted FROM unnest(v_topics) AS topic) THEN
        v_superfluous := compact(v_topics, p_places, p_partitions, p_keys);
    END IF;
    WITH given AS (
        SELECT
            topic.topic_id, topic.compacted, line.partition, line.number,
            line.key, line.value, line.headers,
            partition.end_offset - 1 + row_number() OVER (
                PARTITION BY topic.topic_id, line.partition ORDER BY line.number
            ) AS record_offset
        FROM unnest(p_places, p_partitions, p_keys, p_values, p_headers) WITH ORDINALITY
            AS line (place, partition, key, value, headers, number)
        JOIN unnest(v_topics) WITH ORDINALITY
            AS topic (topic_id, name, partitions, compacted, bytes_max, place) USING (place)
        JOIN partition
            ON partition.topic_id = topic.topic_id AND partition.partition = line.partition
    ), stored AS (
        INSERT INTO record (
            topic_id, partition, record_offset, compacted, key, value, headers, appended_at
        )
        SELECT
            given.topic_id, given.partition, given.record_offset, given.compacted,
            given.key, given.value, given.headers, clock_timestamp()
        FROM given
        WHERE given.number <> ALL (v_superfluous)
    ), moved AS (
        UPDATE partition
        SET end_offset = partition.end_offset + grown.records
        FROM (
            SELECT given.topic_id, given.partition, count(*) AS records
            FROM given
            GROUP BY given.topic_id, given.partition
        ) AS grown
        WHERE partition.topic_id = grown.topic_id AND partition.partition = grown.partition
        RETURNING grown.records
    )
    SELECT sum(moved.records) INTO v_appended FROM moved;
    IF v_appended IS DISTINCT FROM cardinality(p_places) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'SB001',
            MESSAGE = 'A record was sent to a partition its topic has not got';
    END IF;
    PERFORM wake('t', p_topics);
END
$$;

-- Tells whoever listens what happened: 't' and topics that grew, or 'g' and a group whose members
-- must look at their partitions. A notice too long for the server says only that something did.
CREATE FUNCTION wake(p_kind text, p_names text[]) RETURNS void
LANGUAGE sql VOLATILE SET search_path = bus, pg_temp
AS $$
    SELECT pg_notify(
        'sammen_bus',
        CASE WHEN octet_length(notice) < 7900 THEN notice ELSE '' END
    )
    FROM (SELECT p_kind || ' ' || array_to_string(p_names, ' ') AS notice) AS said
$$;

GRANT EXECUTE ON FUNCTION
    describe_topics(text[]),
    append(text[], integer[], integer[], integer[], bytea[], bytea[], text[])
TO PUBLIC;
