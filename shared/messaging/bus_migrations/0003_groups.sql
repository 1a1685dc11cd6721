-- Groups: who is a member, which partition is meant for whom, and who has it now.
--
-- A partition has an owner (who works on it) and a target (who should). They differ while the
-- owner finishes its batch; only the owner's release, or the end of its session, sets it free.
-- Sessions are judged by this server's clock alone. Every change to members, targets and owners
-- happens under the group's row lock; offsets move without it, under the partition's row lock.
CREATE TABLE consumer_group (
    group_name text PRIMARY KEY
);

CREATE TABLE member (
    group_name text NOT NULL REFERENCES consumer_group,
    member_id uuid NOT NULL,
    likes text[] NOT NULL,
    session_timeout interval NOT NULL,
    seen_at timestamptz NOT NULL,
    seen_on integer NOT NULL,
    PRIMARY KEY (group_name, member_id)
) WITH (fillfactor = 50);
COMMENT ON COLUMN member.likes IS 'LIKE patterns of the topics it subscribes to.';
COMMENT ON COLUMN member.seen_on IS 'Process id of the server''s side of its connection.';

-- Not tied to topic: what a group had read of a topic outlives it, so that a topic of the same
-- name created anew is not mistaken for it.
CREATE TABLE progress (
    group_name text NOT NULL REFERENCES consumer_group,
    topic text NOT NULL,
    partition integer NOT NULL,
    topic_id bigint NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    owner uuid,
    target uuid,
    PRIMARY KEY (group_name, topic, partition)
) WITH (fillfactor = 50);

-- The caller's principal; raises unless the group is its own.
CREATE FUNCTION group_principal(p_group text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = bus, pg_temp
AS $$
BEGIN
    IF NOT starts_with(p_group, principal() || '.') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('Group %s does not belong to %s', p_group, principal());
    END IF;
    RETURN principal();
END
$$;

CREATE FUNCTION like_patterns(p_topics text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = bus, pg_temp
AS $$
    SELECT array_agg(
        replace(replace(replace(replace(name, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%')
    )
    FROM unnest(p_topics) AS name
$$;

CREATE FUNCTION may_read(p_topic_id bigint, p_principal text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = bus, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM permission
        WHERE permission.topic_id = p_topic_id
          AND permission.principal = p_principal
          AND permission.action = 'read'
    )
$$;

-- Raises when a name is no topic, or a topic is closed to this principal. A pattern may match
-- nothing yet; it is refused only when all that it matches is closed.
CREATE FUNCTION refuse_subscription(p_topics text[], p_principal text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = bus, pg_temp
AS $$
DECLARE
    v_asked text;
    v_known bigint;
    v_readable bigint;
BEGIN
    FOREACH v_asked IN ARRAY p_topics LOOP
        SELECT count(*), count(*) FILTER (WHERE may_read(topic.topic_id, p_principal))
        INTO v_known, v_readable
        FROM topic
        WHERE topic.name LIKE ANY (like_patterns(ARRAY[v_asked]));
        IF v_known = 0 AND strpos(v_asked, '*') = 0 THEN
            RAISE EXCEPTION USING
                ERRCODE = 'SB001', MESSAGE = format('Topic %s is missing', v_asked);
        END IF;
        IF v_known > 0 AND v_readable = 0 THEN
            RAISE EXCEPTION USING
                ERRCODE = 'insufficient_privilege',
                MESSAGE = format('%s may not read %s', p_principal, v_asked);
        END IF;
    END LOOP;
END
$$;

-- Partitions of topics the group's members hear but the group has never met.
CREATE FUNCTION unmet_partitions(p_group text)
RETURNS TABLE (topic text, topic_id bigint, partition integer)
LANGUAGE sql STABLE SET search_path = bus, pg_temp
AS $$
    SELECT topic.name, topic.topic_id, partition.partition
    FROM permission
    JOIN topic ON topic.topic_id = permission.topic_id
    JOIN partition ON partition.topic_id = topic.topic_id
    WHERE permission.principal = (SELECT principal())
      AND permission.action = 'read'
      AND EXISTS (
          SELECT FROM member
          WHERE member.group_name = p_group AND topic.name LIKE ANY (member.likes)
      )
      AND NOT EXISTS (
          SELECT FROM progress
          WHERE progress.group_name = p_group
            AND progress.topic = topic.name
            AND progress.partition = partition.partition
      )
$$;

-- Members that were silent for too long, or whose connection is gone. Just after a start of the
-- server all connections are gone, and everybody gets the time to come back.
CREATE FUNCTION lost_members(p_group text) RETURNS SETOF uuid
LANGUAGE sql VOLATILE SET search_path = bus, pg_temp
AS $$
    SELECT member.member_id
    FROM member
    WHERE member.group_name = p_group
      AND (
          member.seen_at < clock_timestamp() - member.session_timeout
          OR NOT EXISTS (SELECT FROM pg_stat_get_activity(member.seen_on))
              AND pg_postmaster_start_time()
                  < clock_timestamp() - least(member.session_timeout, interval '5 seconds')
      )
$$;

-- Everybody who changes a group locks it first, and then its partitions in this order, which is
-- also that of committing offsets.
CREATE FUNCTION lock_group(p_group text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = bus, pg_temp
AS $$
BEGIN
    INSERT INTO consumer_group (group_name) VALUES (p_group) ON CONFLICT DO NOTHING;
    PERFORM FROM consumer_group WHERE consumer_group.group_name = p_group FOR UPDATE;
    PERFORM
    FROM progress
    WHERE progress.group_name = p_group
    ORDER BY progress.topic, progress.partition
    FOR UPDATE;
END
$$;
