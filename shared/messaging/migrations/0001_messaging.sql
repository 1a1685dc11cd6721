-- What every service needs to speak and to listen without losing or doubling anything.

-- What this service published. Rows are kept after publishing: what a bus lost is sent again from
-- here. An event id is not indexed: it is minted by us, and looked up only by a person.
CREATE TABLE outbox (
    position       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id       text NOT NULL,
    topic          text NOT NULL,
    key            bytea NOT NULL,
    value          bytea,
    headers        json NOT NULL,
    created_at     timestamptz NOT NULL,
    published_at   timestamptz,
    refused_reason text,
    CONSTRAINT refused_is_not_published CHECK (published_at IS NULL OR refused_reason IS NULL)
) WITH (
    -- Every row dies once, when it is marked. A share of an ever growing table is too rare a
    -- cleaning; a fixed number of dead rows is not.
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 10000
);

-- Holds only what is still to be sent, however much is kept.
CREATE INDEX outbox_unpublished ON outbox (position) WHERE published_at IS NULL;

-- What each consumer of this service has decided already.
CREATE TABLE inbox (
    consumer   text NOT NULL,
    event_id   text NOT NULL,
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, event_id)
);

-- Records that could not be decided, and those that wait behind them.
CREATE TABLE dead_letter (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer      text NOT NULL,
    topic         text NOT NULL,
    partition     integer NOT NULL,
    record_offset bigint NOT NULL,
    appended_at   timestamptz NOT NULL,
    key           bytea,
    -- Keys may be longer than an index entry can be.
    key_digest    bytea GENERATED ALWAYS AS (sha256(key)) STORED,
    value         bytea,
    headers       json NOT NULL,
    redacted      boolean NOT NULL,
    event_id      text,
    event_type    text,
    state         text NOT NULL,
    reason        text NOT NULL,
    detail        text NOT NULL,
    replays       integer NOT NULL DEFAULT 0,
    mended_value  bytea,
    recorded_at   timestamptz NOT NULL,
    decided_at    timestamptz,
    note          text,
    CONSTRAINT state_is_known
        CHECK (state IN ('dead', 'parked', 'unknown_type', 'replayed', 'discarded')),
    CONSTRAINT decided_has_its_instant
        CHECK ((state IN ('replayed', 'discarded')) = (decided_at IS NOT NULL)),
    CONSTRAINT parked_waits_behind_a_key CHECK (state <> 'parked' OR key IS NOT NULL),
    CONSTRAINT discarded_says_why CHECK (state <> 'discarded' OR note IS NOT NULL),
    -- The instant tells a record from the one that lay at the same offset before its topic was
    -- made anew.
    CONSTRAINT one_row_per_record
        UNIQUE (consumer, topic, partition, record_offset, appended_at)
);

-- Which keys are stopped, and what waits behind them in order of arrival.
CREATE INDEX dead_letter_stopped ON dead_letter (consumer, topic, key_digest, id)
    WHERE state IN ('dead', 'parked');

CREATE INDEX dead_letter_open ON dead_letter (state, id)
    WHERE state IN ('dead', 'parked', 'unknown_type');

-- A service keeps what it published, decided and failed to decide: its own role deletes none of it.
DO $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT DISTINCT grantee, table_name
        FROM information_schema.role_table_grants
        WHERE table_schema = current_schema()
            AND table_name IN ('outbox', 'inbox', 'dead_letter')
            AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE DELETE ON %I FROM %I', granted.table_name, granted.grantee);
    END LOOP;
END
$$;
