-- Civil registration numbers, sealed before they come here; nothing in this schema opens them.
--
-- Nobody logs in as the schema's owner. Its functions run with the owner's rights, in the caller's
-- transaction, and are all that sammen_placements can reach.

-- The one secret this vault was begun with; numbers sealed with another would not be found again.
CREATE TABLE secret (
    one  boolean NOT NULL DEFAULT true CONSTRAINT secret_is_one PRIMARY KEY CHECK (one),
    mark bytea   NOT NULL
);

CREATE TABLE person (
    reference     uuid        NOT NULL CONSTRAINT reference_is_given_once PRIMARY KEY,
    lookup_index  bytea       CONSTRAINT number_has_one_reference UNIQUE,
    sealed_number bytea,
    registered_at timestamptz NOT NULL,
    erased_at     timestamptz,
    CONSTRAINT erased_leaves_nothing
    CHECK ((erased_at IS NULL) = (lookup_index IS NOT NULL)
       AND (erased_at IS NULL) = (sealed_number IS NOT NULL))
);

-- In a table of their own, so that its backups can be kept shorter than those of the rest.
CREATE TABLE data_key (
    reference   uuid  NOT NULL CONSTRAINT data_key_is_one_per_person PRIMARY KEY
                CONSTRAINT data_key_is_of_a_person REFERENCES person (reference),
    wrapped_key bytea NOT NULL
);

CREATE TABLE access (
    entry        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at  timestamptz NOT NULL,
    operation    text        NOT NULL
                 CONSTRAINT operation_is_known CHECK (operation IN ('look_up', 'open', 'erase')),
    who          text        NOT NULL CONSTRAINT somebody_asked CHECK (who <> ''),
    organisation text        NOT NULL CONSTRAINT somebody_answers_for_it CHECK (organisation <> ''),
    purpose      text        NOT NULL CONSTRAINT access_has_a_purpose CHECK (btrim(purpose) <> ''),
    reference    uuid        NOT NULL
                 CONSTRAINT access_is_to_a_person REFERENCES person (reference)
);

CREATE INDEX access_to_a_person ON access (reference, entry);

CREATE FUNCTION refuse_to_rewrite() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'the access log is only ever added to'
          USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER access_is_only_added_to
BEFORE UPDATE OR DELETE OR TRUNCATE ON access
   FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();

CREATE FUNCTION look_up(
    asked_mark bytea, asked_index bytea, new_reference uuid, new_number bytea, new_key bytea,
    asked_by text, asked_for text, asked_why text, asked_at timestamptz
) RETURNS uuid
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = vault, pg_temp
AS $$
DECLARE
    known uuid;
BEGIN
    INSERT INTO secret (mark) VALUES (asked_mark) ON CONFLICT (one) DO NOTHING;
    IF asked_mark <> (SELECT mark FROM secret) THEN
        RAISE EXCEPTION 'this vault was begun with another secret'
              USING ERRCODE = 'object_not_in_prerequisite_state',
                    HINT = 'Give the process the secret it was begun with.';
    END IF;
    LOOP
        -- Waits for somebody erasing this person now, and then doesn't find her.
        SELECT reference INTO known FROM person WHERE lookup_index = asked_index FOR KEY SHARE;
        EXIT WHEN FOUND;
        -- Waits for somebody registering the same number now; then it is there to be found,
        -- unless it was erased meanwhile.
        INSERT INTO person (reference, lookup_index, sealed_number, registered_at)
             VALUES (new_reference, asked_index, new_number, asked_at)
        ON CONFLICT (lookup_index) DO NOTHING
          RETURNING reference INTO known;
        IF FOUND THEN
            INSERT INTO data_key (reference, wrapped_key) VALUES (known, new_key);
            EXIT;
        END IF;
    END LOOP;
    INSERT INTO access (happened_at, operation, who, organisation, purpose, reference)
         VALUES (asked_at, 'look_up', asked_by, asked_for, asked_why, known);
    RETURN known;
END
$$;

-- Nothing can be read without leaving a trace: the function that hands it out writes the log.
CREATE FUNCTION hand_out(
    asked_reference uuid, asked_by text, asked_for text, asked_why text, asked_at timestamptz
) RETURNS TABLE (sealed_number bytea, wrapped_key bytea)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = vault, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM data_key WHERE reference = asked_reference) THEN
        RETURN;
    END IF;
    INSERT INTO access (happened_at, operation, who, organisation, purpose, reference)
         VALUES (asked_at, 'open', asked_by, asked_for, asked_why, asked_reference);
    RETURN QUERY
    SELECT person.sealed_number, data_key.wrapped_key
      FROM person
      JOIN data_key USING (reference)
     WHERE reference = asked_reference;
END
$$;

-- The key, the number and the index are destroyed; the reference stays and stands for nobody.
CREATE FUNCTION erase(
    asked_reference uuid, asked_by text, asked_for text, asked_why text, asked_at timestamptz
) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = vault, pg_temp
AS $$
BEGIN
    UPDATE person
       SET lookup_index = NULL,
           sealed_number = NULL,
           erased_at = asked_at
     WHERE reference = asked_reference
       AND erased_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM data_key WHERE reference = asked_reference;
    INSERT INTO access (happened_at, operation, who, organisation, purpose, reference)
         VALUES (asked_at, 'erase', asked_by, asked_for, asked_why, asked_reference);
    RETURN true;
END
$$;

GRANT USAGE ON SCHEMA vault TO sammen_placements;
REVOKE ALL ON FUNCTION look_up, hand_out, erase, refuse_to_rewrite FROM PUBLIC;
GRANT EXECUTE ON FUNCTION look_up, hand_out, erase TO sammen_placements;
