-- Telling a topic from one of the same name created anew, and beginning a topic anew.

-- The topics of these names or patterns that the caller may read, each with what is never the same
-- for two topics.
CREATE FUNCTION identify_topics(p_topics text[])
RETURNS TABLE (name text, identity text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = bus, pg_temp
AS $$
    SELECT topic.name, topic.topic_id::text
    FROM topic
    WHERE topic.name LIKE ANY (like_patterns(p_topics))
      AND may_read(topic.topic_id, principal())
$$;

-- Has a group of the caller's read the topic from its beginning; raises while the group has members.
CREATE FUNCTION rewind_group(p_group text, p_topic text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = bus, pg_temp
AS $$
BEGIN
    PERFORM group_principal(p_group);
    PERFORM FROM consumer_group WHERE consumer_group.group_name = p_group FOR UPDATE;
    DELETE FROM member
    USING lost_members(p_group) AS lost
    WHERE member.group_name = p_group AND member.member_id = lost;
    IF EXISTS (SELECT FROM member WHERE member.group_name = p_group) THEN
        RAISE EXCEPTION USING ERRCODE = 'SB006', MESSAGE = format('Group %s has members', p_group);
    END IF;
    -- What is no longer there can't be read again.
    UPDATE progress
    SET topic_id = topic.topic_id,
        next_offset = coalesce(
            (
                SELECT min(record.record_offset)
                FROM record
                WHERE record.topic_id = topic.topic_id AND record.partition = progress.partition
            ),
            partition.end_offset
        )
    FROM topic
    JOIN partition ON partition.topic_id = topic.topic_id
    WHERE progress.group_name = p_group
      AND progress.topic = p_topic
      AND topic.name = p_topic
      AND partition.partition = progress.partition;
END
$$;

GRANT EXECUTE ON FUNCTION identify_topics(text[]), rewind_group(text, text) TO PUBLIC;
