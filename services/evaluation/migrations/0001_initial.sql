-- Facts others told of, append-only, each with when it was true and when it became known: the day in
-- Copenhagen (known_on), and the instant for the order among facts of one day (known_at).

CREATE TABLE membership_fact (
    event_id   text        NOT NULL PRIMARY KEY,
    cvr        text        NOT NULL,
    member     boolean     NOT NULL,
    changed_on date        NOT NULL,
    known_on   date        NOT NULL,
    known_at   timestamptz NOT NULL
);

-- A withdrawal repeats nothing of its pledge.
CREATE TABLE pledge_fact (
    event_id     text        NOT NULL PRIMARY KEY,
    pledge       text        NOT NULL,
    cvr          text        NOT NULL,
    places       int,
    kind         text,
    first_day    date,
    last_day     date,
    withdrawn_on date,
    known_on     date        NOT NULL,
    known_at     timestamptz NOT NULL,
    CONSTRAINT pledged_or_withdrawn
    CHECK ((withdrawn_on IS NULL) = (places IS NOT NULL AND kind IS NOT NULL AND first_day IS NOT NULL))
);

CREATE TABLE placement_fact (
    event_id   text        NOT NULL PRIMARY KEY,
    fact       text        NOT NULL,
    placement  text        NOT NULL,
    person     text        NOT NULL,
    employer   text,
    kind       text,
    started_on date,
    last_day   date,
    reason     text,
    known_on   date        NOT NULL,
    known_at   timestamptz NOT NULL,
    CONSTRAINT start_says_who_and_when
    CHECK (fact <> 'PlacementStarted'
           OR (employer IS NOT NULL AND kind IS NOT NULL AND started_on IS NOT NULL)),
    CONSTRAINT end_says_when CHECK ((fact = 'PlacementEnded') = (last_day IS NOT NULL))
);

CREATE TABLE assessment_fact (
    event_id   text        NOT NULL PRIMARY KEY,
    bonus_case text        NOT NULL,
    scheme     text        NOT NULL,
    milestone  text        NOT NULL,
    status     text        NOT NULL,
    amount_ore bigint      NOT NULL,
    due_on     date        NOT NULL,
    known_on   date        NOT NULL,
    known_at   timestamptz NOT NULL
);

CREATE TABLE notice_fact (
    event_id text        NOT NULL PRIMARY KEY,
    template text        NOT NULL,
    sent_on  date        NOT NULL,
    known_on date        NOT NULL,
    known_at timestamptz NOT NULL
);

-- Each figure reads the newest facts per thing; these are their orders.
CREATE INDEX membership_fact_newest ON membership_fact (cvr, changed_on DESC, known_at DESC);
CREATE INDEX pledge_fact_newest ON pledge_fact (pledge, known_at DESC);
CREATE INDEX placement_fact_newest ON placement_fact (placement, known_at DESC);
CREATE INDEX assessment_fact_newest ON assessment_fact (bonus_case, milestone, known_at DESC);
CREATE INDEX notice_fact_sent ON notice_fact (sent_on);
