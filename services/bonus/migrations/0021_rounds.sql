-- A round looks at every stored person once, in chunks, by as many processes as like to. How far it
-- is stands in the transaction of what it did, so that whoever is killed leaves no gap and does
-- nothing twice.
CREATE TABLE person_round (
    round_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purpose  text        NOT NULL CHECK (purpose IN ('recompute', 'replay')),
    edition  text        NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE UNIQUE INDEX one_open_round ON person_round (purpose) WHERE ended_at IS NULL;

-- Persons behind `after` and up to `upto`, in their order.
CREATE TABLE person_round_part (
    round_id bigint   NOT NULL REFERENCES person_round,
    part     smallint NOT NULL,
    after    uuid     NOT NULL,
    upto     uuid     NOT NULL,
    persons  integer  NOT NULL DEFAULT 0,
    found    integer  NOT NULL DEFAULT 0,
    is_done  boolean  NOT NULL DEFAULT false,
    PRIMARY KEY (round_id, part)
);
