-- How far the rules of a folder have looked at what was assessed, and with what outcome.
CREATE TABLE shadow_look (
    edition     text        PRIMARY KEY CHECK (edition ~ '^[0-9a-f]{16}$'),
    done_upto   bigint      NOT NULL,
    assessments bigint      NOT NULL DEFAULT 0,
    differing   bigint      NOT NULL DEFAULT 0,
    failed      bigint      NOT NULL DEFAULT 0,
    began_at    timestamptz NOT NULL,
    looked_at   timestamptz NOT NULL
);

-- Instalments that differed when last looked at; a side is null where its rules list none.
CREATE TABLE shadow_difference (
    edition       text        NOT NULL REFERENCES shadow_look,
    person        uuid        NOT NULL,
    employer      text        NOT NULL,
    scheme        text        NOT NULL,
    milestone     text        NOT NULL,
    assessment_id uuid        NOT NULL,
    live          jsonb,
    shadow        jsonb,
    found_at      timestamptz NOT NULL,
    PRIMARY KEY (edition, person, employer, scheme, milestone)
);
CREATE INDEX shadow_difference_newest ON shadow_difference (edition, found_at);

-- Assessments are read by position from an end: next to nothing to keep up.
CREATE INDEX assessment_by_position ON assessment USING brin (position) WITH (autosummarize = on);
