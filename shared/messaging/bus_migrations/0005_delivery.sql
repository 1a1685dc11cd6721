-- Reading what a member holds, from the group's offsets on, and moving them.
-- The partitions this member holds and is to keep, each compared with the log. Raises when the
-- session is over, a topic is gone or closed, or records the group has not seen are missing.
CREATE FUNCTION held_partitions(p_group text, p_member uuid)
RETURNS TABLE (
    topic text, topic_id bigint, partition integer, compacted boolean,
    next_offset bigint, end_offset bigint
)
LANGUAGE plpgsql STABLE SET search_path = bus, pg_temp
AS $$
DECLARE
    v_principal text := group_principal(p_group);
    v_topic text;
BEGIN
    IF NOT EXISTS (
        SELECT FROM member WHERE member.group_name = p_group AND member.member_id = p_member
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'SB005', MESSAGE = format('This member of %s lost its session', p_group);
    END IF;
    SELECT progress.topic INTO v_topic
    FROM progress
    LEFT JOIN topic ON topic.name = progress.topic
    WHERE progress.group_name = p_group
      AND progress.owner = p_member
      AND (topic.topic_id IS NULL OR NOT may_read(topic.topic_id, v_principal))
    LIMIT 1;
    IF FOUND AND EXISTS (SELECT FROM topic WHERE topic.name = v_topic) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('%s may no longer read topic %s', v_principal, v_topic);
    ELSIF v_topic IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'SB001', MESSAGE = format('Topic %s is gone', v_topic);
    END IF;
    PERFORM refuse_gaps(p_group, p_member);
    RETURN QUERY
        SELECT
            progress.topic, progress.topic_id, progress.partition, topic.compacted,
            progress.next_offset, partition.end_offset
        FROM progress
        JOIN topic ON topic.topic_id = progress.topic_id
        JOIN partition
            ON partition.topic_id = progress.topic_id
            AND partition.partition = progress.partition
        WHERE progress.group_name = p_group
          AND progress.owner = p_member
          AND progress.target = p_member;
END
$$;

-- Raises unless the next record of every partition held is there, or all were read.
CREATE FUNCTION refuse_gaps(p_group text, p_member uuid) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = bus, pg_temp
AS $$
DECLARE
    v_gap record;
BEGIN
    SELECT
        progress.topic, progress.partition, progress.next_offset,
        topic.topic_id = progress.topic_id AS is_same_topic,
        partition.end_offset, following.record_offset
    INTO v_gap
    FROM progress
    JOIN topic ON topic.name = progress.topic
    LEFT JOIN partition
        ON partition.topic_id = topic.topic_id AND partition.partition = progress.partition
    LEFT JOIN LATERAL (
        SELECT record.record_offset
        FROM record
        WHERE record.topic_id = progress.topic_id
          AND record.partition = progress.partition
          AND record.record_offset >= progress.next_offset
          AND progress.next_offset < partition.end_offset
        ORDER BY record.record_offset
        LIMIT 1
    ) AS following ON true
    WHERE progress.group_name = p_group
      AND progress.owner = p_member
      AND (
          topic.topic_id <> progress.topic_id
          OR partition.end_offset IS NULL
          OR progress.next_offset > partition.end_offset
          OR progress.next_offset < partition.end_offset AND (
              following.record_offset IS NULL
              OR following.record_offset <> progress.next_offset AND NOT topic.compacted
          )
      )
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'SB004',
            MESSAGE = format(
                'Group %s would read %s-%s from offset %s, but %s', p_group, v_gap.topic,
                v_gap.partition, v_gap.next_offset,
                CASE
                    WHEN NOT v_gap.is_same_topic THEN 'the topic was created anew since'
                    WHEN v_gap.next_offset > v_gap.end_offset
                        THEN format('it ends at %s', v_gap.end_offset)
                    ELSE format('the next record there is %s', coalesce(
                        v_gap.record_offset::text, 'missing'))
                END
            );
    END IF;
END
$$;

-- At most p_records_max records of what the member holds, each partition's share as large as the
-- others leave it, in offset order, without a hole. One record may exceed p_bytes_max.
CREATE FUNCTION fetch_records(
    p_group text, p_member uuid, p_records_max integer, p_bytes_max bigint
) RETURNS TABLE (
    topic text, partition integer, record_offset bigint, key bytea, value bytea,
    headers text, appended_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = bus, pg_temp
AS $$
DECLARE
    v_held record;
    v_topics text[] := '{}';
    v_topic_ids bigint[] := '{}';
    v_partitions integer[] := '{}';
    v_compacted boolean[] := '{}';
    v_offsets bigint[] := '{}';
    v_shares integer[] := '{}';
    v_left integer := p_records_max;
    v_share integer;
BEGIN
    FOR v_held IN
        SELECT
            held.*,
            count(*) OVER () - row_number() OVER waiting + 1 AS claimants
        FROM held_partitions(p_group, p_member) AS held
        WHERE held.next_offset < held.end_offset
        WINDOW waiting AS (ORDER BY held.end_offset - held.next_offset, held.topic, held.partition)
        ORDER BY held.end_offset - held.next_offset, held.topic, held.partition
    LOOP
        -- The shortest first, so that what it does not need goes to the longer ones.
        v_share := least(
            v_held.end_offset - v_held.next_offset, ceil(v_left / v_held.claimants::numeric)
        );
        EXIT WHEN v_share = 0;
        v_left := v_left - v_share;
        v_topics := v_topics || v_held.topic;
        v_topic_ids := v_topic_ids || v_held.topic_id;
        v_partitions := v_partitions || v_held.partition;
        v_compacted := v_compacted || v_held.compacted;
        v_offsets := v_offsets || v_held.next_offset;
        v_shares := v_shares || v_share;
    END LOOP;
    IF cardinality(v_topics) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT
            line.topic, line.partition, line.record_offset,
            line.key, line.value, line.headers, line.appended_at
        FROM (
            SELECT
                part.topic, part.partition, part.next_offset, part.compacted,
                found.record_offset, found.key, found.value, found.headers, found.appended_at,
                row_number() OVER part_order AS place,
                sum(coalesce(octet_length(found.value), 0) + octet_length(found.headers))
                    OVER part_order AS bytes
            FROM unnest(v_topics, v_topic_ids, v_partitions, v_compacted, v_offsets, v_shares)
                AS part (topic, topic_id, partition, compacted, next_offset, share)
            CROSS JOIN LATERAL (
                SELECT
                    record.record_offset, record.key, record.value, record.headers,
                    record.appended_at
                FROM record
                WHERE record.topic_id = part.topic_id
                  AND record.partition = part.partition
                  AND record.record_offset >= part.next_offset
                ORDER BY record.record_offset
                LIMIT part.share
            ) AS found
            WINDOW part_order AS (
                PARTITION BY part.topic, part.partition ORDER BY found.record_offset
            )
        ) AS line
        WHERE (line.compacted OR line.record_offset = line.next_offset + line.place - 1)
          AND (line.place = 1 OR line.bytes <= p_bytes_max / cardinality(v_topics))
        ORDER BY line.topic, line.partition, line.record_offset;
END
$$;

-- Moves offsets on, only where the member still owns the partition; returns how many did.
CREATE FUNCTION commit_offsets(
    p_group text, p_member uuid, p_topics text[], p_partitions integer[], p_offsets bigint[]
) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = bus, pg_temp
AS $$
DECLARE
    v_moved integer;
BEGIN
    PERFORM group_principal(p_group);
    -- Losing this in a crash of the server costs a redelivery: it need not wait for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM
    FROM progress
    JOIN unnest(p_topics, p_partitions) AS read (topic, partition)
        ON read.topic = progress.topic AND read.partition = progress.partition
    WHERE progress.group_name = p_group AND progress.owner = p_member
    ORDER BY progress.topic, progress.partition
    FOR UPDATE OF progress;
    UPDATE progress
    SET next_offset = greatest(progress.next_offset, read.next_offset)
    FROM unnest(p_topics, p_partitions, p_offsets) AS read (topic, partition, next_offset)
    WHERE progress.group_name = p_group
      AND progress.topic = read.topic
      AND progress.partition = read.partition
      AND progress.owner = p_member;
    GET DIAGNOSTICS v_moved = ROW_COUNT;
    RETURN v_moved;
END
$$;

CREATE FUNCTION positions(p_group text, p_member uuid)
RETURNS TABLE (topic text, partition integer, next_offset bigint, end_offset bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = bus, pg_temp
AS $$
    SELECT progress.topic, progress.partition, progress.next_offset, partition.end_offset
    FROM progress
    JOIN partition
        ON partition.topic_id = progress.topic_id AND partition.partition = progress.partition
    WHERE progress.group_name = p_group
      AND progress.owner = p_member
      AND group_principal(p_group) IS NOT NULL
$$;

GRANT EXECUTE ON FUNCTION
    fetch_records(text, uuid, integer, bigint),
    commit_offsets(text, uuid, text[], integer[], bigint[]), positions(text, uuid)
TO PUBLIC;
