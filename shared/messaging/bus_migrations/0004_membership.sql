-- Joining, staying in and leaving a group, and who should have which partition.
-- How many partitions are meant for each member of the group.
CREATE FUNCTION member_loads(p_group text)
RETURNS TABLE (member_id uuid, likes text[], load bigint)
LANGUAGE sql STABLE SET search_path = bus, pg_temp
AS $$
    SELECT member.member_id, member.likes, count(progress.partition)
    FROM member
    LEFT JOIN progress
        ON progress.group_name = member.group_name AND progress.target = member.member_id
    WHERE member.group_name = p_group
    GROUP BY member.member_id, member.likes
$$;

-- Gives every partition without a target to the least loaded member that hears its topic.
CREATE FUNCTION place_partitions(p_group text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = bus, pg_temp
AS $$
DECLARE
    v_homeless record;
BEGIN
    FOR v_homeless IN
        SELECT progress.topic, progress.partition
        FROM progress
        WHERE progress.group_name = p_group AND progress.target IS NULL
        ORDER BY progress.topic, progress.partition
    LOOP
        UPDATE progress
        SET target = (
            SELECT loaded.member_id
            FROM member_loads(p_group) AS loaded
            WHERE v_homeless.topic LIKE ANY (loaded.likes)
            ORDER BY loaded.load, loaded.member_id
            LIMIT 1
        )
        WHERE progress.group_name = p_group
          AND progress.topic = v_homeless.topic
          AND progress.partition = v_homeless.partition;
    END LOOP;
END
$$;

-- Moves targets, one at a time, from a member to one that has at least two fewer. Each step makes
-- the loads more even, so this ends; what need not move stays where it is.
CREATE FUNCTION even_out(p_group text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = bus, pg_temp
AS $$
DECLARE
    v_move record;
BEGIN
    LOOP
        SELECT progress.topic, progress.partition, taker.member_id INTO v_move
        FROM member_loads(p_group) AS giver
        JOIN member_loads(p_group) AS taker ON taker.load + 1 < giver.load
        JOIN progress
            ON progress.group_name = p_group
            AND progress.target = giver.member_id
            AND progress.topic LIKE ANY (taker.likes)
        ORDER BY
            giver.load DESC, taker.load, taker.member_id,
            progress.owner IS NOT DISTINCT FROM progress.target,
            progress.topic DESC, progress.partition DESC
        LIMIT 1;
        EXIT WHEN NOT FOUND;
        UPDATE progress
        SET target = v_move.member_id
        WHERE progress.group_name = p_group
          AND progress.topic = v_move.topic
          AND progress.partition = v_move.partition;
    END LOOP;
END
$$;

-- Brings the group in order: ends lost sessions, takes in new topics, settles targets, hands free
-- partitions over, and wakes the members. The caller holds the group's lock.
CREATE FUNCTION balance(p_group text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = bus, pg_temp
AS $$
BEGIN
    -- A row that changes while this waits for it was kept by a heartbeat, and is passed over.
    DELETE FROM member
    USING lost_members(p_group) AS lost
    JOIN member AS judged ON judged.group_name = p_group AND judged.member_id = lost
    WHERE member.group_name = p_group
      AND member.member_id = lost
      AND member.seen_at = judged.seen_at;
    INSERT INTO progress (group_name, topic, topic_id, partition)
    SELECT p_group, unmet.topic, unmet.topic_id, unmet.partition
    FROM unmet_partitions(p_group) AS unmet;
    UPDATE progress
    SET owner = NULL
    WHERE progress.group_name = p_group
      AND progress.owner IS NOT NULL
      AND progress.owner NOT IN (
          SELECT member.member_id FROM member WHERE member.group_name = p_group
      );
    UPDATE progress
    SET target = NULL
    WHERE progress.group_name = p_group
      AND progress.target IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM member
          WHERE member.group_name = p_group
            AND member.member_id = progress.target
            AND progress.topic LIKE ANY (member.likes)
      );
    PERFORM place_partitions(p_group);
    PERFORM even_out(p_group);
    UPDATE progress
    SET owner = progress.target
    WHERE progress.group_name = p_group
      AND progress.owner IS NULL
      AND progress.target IS NOT NULL;
    PERFORM wake('g', ARRAY[p_group]);
END
$$;

CREATE FUNCTION join_group(
    p_group text, p_member uuid, p_topics text[], p_session_seconds double precision
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = bus, pg_temp
AS $$
BEGIN
    PERFORM refuse_subscription(p_topics, group_principal(p_group));
    PERFORM lock_group(p_group);
    INSERT INTO member (group_name, member_id, likes, session_timeout, seen_at, seen_on)
    VALUES (
        p_group, p_member, like_patterns(p_topics),
        make_interval(secs => p_session_seconds), clock_timestamp(), pg_backend_pid()
    );
    PERFORM balance(p_group);
END
$$;

-- Says that the member is there. Its session is over when this finds no row; it is to release
-- partitions, between two batches, when must_release.
CREATE FUNCTION heartbeat(p_group text, p_member uuid)
RETURNS TABLE (alive boolean, must_release boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = bus, pg_temp
AS $$
DECLARE
    v_disorder boolean;
BEGIN
    PERFORM group_principal(p_group);
    -- Nothing but redelivery depends on this commit: it need not wait for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT EXISTS (SELECT FROM lost_members(p_group) AS lost WHERE lost <> p_member)
        OR EXISTS (SELECT FROM unmet_partitions(p_group))
    INTO v_disorder;
    -- The group before the member, as everyone locks them.
    IF v_disorder THEN
        PERFORM lock_group(p_group);
    END IF;
    UPDATE member
    SET seen_at = clock_timestamp(), seen_on = pg_backend_pid()
    WHERE member.group_name = p_group AND member.member_id = p_member;
    alive := FOUND;
    IF v_disorder THEN
        PERFORM balance(p_group);
    END IF;
    must_release := EXISTS (
        SELECT FROM progress
        WHERE progress.group_name = p_group
          AND progress.owner = p_member
          AND progress.target IS DISTINCT FROM p_member
    );
    RETURN NEXT;
END
$$;

-- Lets go of what the member should no longer have; called when no batch is in flight.
CREATE FUNCTION release_partitions(p_group text, p_member uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = bus, pg_temp
AS $$
BEGIN
    PERFORM group_principal(p_group);
    PERFORM lock_group(p_group);
    UPDATE progress
    SET owner = NULL
    WHERE progress.group_name = p_group
      AND progress.owner = p_member
      AND progress.target IS DISTINCT FROM p_member;
    PERFORM balance(p_group);
END
$$;

CREATE FUNCTION leave_group(p_group text, p_member uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = bus, pg_temp
AS $$
BEGIN
    PERFORM group_principal(p_group);
    PERFORM lock_group(p_group);
    DELETE FROM member WHERE member.group_name = p_group AND member.member_id = p_member;
    PERFORM balance(p_group);
END
$$;

GRANT EXECUTE ON FUNCTION
    join_group(text, uuid, text[], double precision), heartbeat(text, uuid),
    release_partitions(text, uuid), leave_group(text, uuid)
TO PUBLIC;
