-- Who is registered, who works where, and every report ever told at the door.

CREATE TABLE person (
    person            uuid        NOT NULL CONSTRAINT person_is_registered_once PRIMARY KEY,
    category          text        NOT NULL,
    permit_granted_on date        NOT NULL,
    born_on           date,
    resident_since    date,
    registered_at     timestamptz NOT NULL,
    -- The instant of the last fact about the person; the next one is stamped later.
    stamp             timestamptz NOT NULL
);

-- A row without a person is a placement that something was told of before its start: it is what
-- the one who parks a report and the one who reports the start both lock.
CREATE TABLE placement (
    placement text NOT NULL CONSTRAINT placement_is_known_once PRIMARY KEY
              CONSTRAINT placement_names_its_sender CHECK (placement ~ '^[^/]+/.'),
    person    uuid CONSTRAINT placement_is_of_a_person REFERENCES person (person)
);

CREATE TABLE report (
    position    bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender      text        NOT NULL,
    -- Null when the sender gave none that can be kept.
    report_id   text,
    -- What was sent; null when it can't be kept (a person number in it, or no JSON of ours).
    content     jsonb,
    digest      bytea       NOT NULL,
    fact        text,
    placement   text,
    outcome     text        NOT NULL
                CONSTRAINT outcome_is_known
                CHECK (outcome IN ('accepted', 'duplicate', 'parked', 'refused')),
    -- Why it was refused.
    reason      text,
    detail      text,
    received_at timestamptz NOT NULL,
    late        boolean     NOT NULL,
    -- What an accepted fact is about, for whoever tells it again.
    person      uuid,
    thing       text,
    meaning     bytea,
    first_day   date,
    last_day    date,
    stamp       timestamptz,
    CONSTRAINT refused_with_a_reason CHECK ((outcome = 'refused') = (reason IS NOT NULL)),
    CONSTRAINT accepted_with_a_stamp
    CHECK ((outcome = 'accepted') = (stamp IS NOT NULL AND person IS NOT NULL)),
    CONSTRAINT waits_for_a_placement CHECK (outcome <> 'parked' OR placement IS NOT NULL)
);

-- One report id, one report, for ever: what another one under the same id is refused for leaves it.
CREATE UNIQUE INDEX report_id_is_used_once ON report (sender, report_id)
 WHERE reason IS DISTINCT FROM 'report-id-conflict';

CREATE UNIQUE INDEX stamps_increase_per_person ON report (person, stamp)
 WHERE outcome = 'accepted';

CREATE INDEX report_by_sender ON report (sender, position);
CREATE INDEX report_counted ON report (person, thing, stamp) WHERE outcome = 'accepted';
CREATE INDEX report_parked ON report (placement, position) WHERE outcome = 'parked';
