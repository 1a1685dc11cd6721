-- Facts, as told: when true (content) and when known (recorded_at). Never changed, never deleted.
CREATE TABLE fact (
    fact_id     uuid        PRIMARY KEY,
    position    bigint      GENERATED ALWAYS AS IDENTITY,
    name        text        NOT NULL,
    person      uuid,
    employer    text,
    content     jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT about_a_person_or_an_employer CHECK ((person IS NULL) <> (employer IS NULL))
);
CREATE INDEX fact_of_person   ON fact (person)   WHERE person IS NOT NULL;
CREATE INDEX fact_of_employer ON fact (employer) WHERE employer IS NOT NULL;

-- One row per person ever heard of: the lock that every assessment takes.
CREATE TABLE person (
    person       uuid PRIMARY KEY,
    assessed_on  date,
    next_look_on date
);
CREATE INDEX person_to_look_at ON person (next_look_on) WHERE next_look_on IS NOT NULL;

-- One row per employer ever heard of: the lock between a new sector and a new placement.
CREATE TABLE employer (
    employer text PRIMARY KEY
);

-- Every employer a placement id was ever reported with, whose it is, and when that was last told.
CREATE TABLE placement (
    placement text   NOT NULL,
    person    uuid   NOT NULL REFERENCES person,
    employer  text   NOT NULL,
    kind      text   NOT NULL,
    told_at   timestamptz NOT NULL,
    PRIMARY KEY (placement, person, employer, kind)
);
CREATE INDEX placement_of_person ON placement (person);
CREATE INDEX placement_at_employer ON placement (employer);

CREATE TABLE bonus_case (
    case_id   uuid        PRIMARY KEY,
    person    uuid        NOT NULL REFERENCES person,
    employer  text        NOT NULL,
    scheme    text        NOT NULL CHECK (scheme IN ('ordinary', 'igu')),
    opened_at timestamptz NOT NULL,
    UNIQUE (person, employer, scheme)
);
CREATE INDEX bonus_case_of_employer ON bonus_case (employer);

CREATE TABLE instalment (
    instalment_id uuid        PRIMARY KEY,
    case_id       uuid        NOT NULL REFERENCES bonus_case,
    person        uuid        NOT NULL,
    employer      text        NOT NULL,
    scheme        text        NOT NULL,
    milestone     text        NOT NULL CHECK (milestone IN ('M6', 'M12', 'M24')),
    due_on        date        NOT NULL,
    amount_ore    bigint      NOT NULL CHECK (amount_ore >= 0),
    status        text        NOT NULL CHECK (status IN ('DUE', 'AWAITING', 'PENDING', 'REVIEW', 'REFUSED')),
    reason        text,
    missing       text[]      NOT NULL,
    rule          text        NOT NULL,
    law           text        NOT NULL,
    assessed_at   timestamptz NOT NULL,
    UNIQUE (case_id, milestone),
    CONSTRAINT reason_when_refused_or_under_review CHECK ((status IN ('REFUSED', 'REVIEW')) = (reason IS NOT NULL)),
    CONSTRAINT nothing_when_refused_or_under_review CHECK (status NOT IN ('REFUSED', 'REVIEW') OR amount_ore = 0)
);
CREATE INDEX instalment_of_person ON instalment (person);
-- Who is paid twice is decided here, whatever the code believes.
CREATE UNIQUE INDEX live_entitlement_ordinary ON instalment (employer, person, milestone)
 WHERE scheme = 'ordinary' AND status = 'DUE';
CREATE UNIQUE INDEX live_entitlement_igu ON instalment (person, milestone)
 WHERE scheme = 'igu' AND status = 'DUE';

-- The ledger: append-only, double entry, integer øre. Debits are positive, credits negative.
CREATE TABLE ledger_entry (
    entry_id      uuid        PRIMARY KEY,
    position      bigint      GENERATED ALWAYS AS IDENTITY,
    instalment_id uuid        NOT NULL REFERENCES instalment,
    kind          text        NOT NULL CHECK (kind IN ('entitlement_decided', 'entitlement_lowered')),
    effective_on  date        NOT NULL,
    entered_at    timestamptz NOT NULL
);
CREATE INDEX ledger_entry_of_instalment ON ledger_entry (instalment_id);

CREATE TABLE ledger_posting (
    entry_id   uuid     NOT NULL REFERENCES ledger_entry,
    line       smallint NOT NULL,
    account    text     NOT NULL CHECK (account IN ('bonus_expense', 'bonus_payable')),
    amount_ore bigint   NOT NULL CHECK (amount_ore <> 0),
    PRIMARY KEY (entry_id, line)
);

CREATE FUNCTION refuse_unbalanced_postings() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT AS
$$
DECLARE
    unbalanced uuid;
BEGIN
    SELECT posting.entry_id
      INTO unbalanced
      FROM ledger_posting AS posting
     WHERE posting.entry_id IN (SELECT added.entry_id FROM added)
     GROUP BY posting.entry_id
    HAVING sum(posting.amount_ore) <> 0
     LIMIT 1;
    IF unbalanced IS NOT NULL THEN
        RAISE EXCEPTION 'ledger entry % does not balance', unbalanced
            USING ERRCODE = 'check_violation', CONSTRAINT = 'postings_balance';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER postings_balance
    AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced_postings();

CREATE FUNCTION refuse_empty_entry() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT AS
$$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.entry_id) THEN
        RAISE EXCEPTION 'ledger entry % has no postings', NEW.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_has_postings';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER entry_has_postings
    AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_empty_entry();

CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;

-- The service's role has no right to; the triggers hold for everybody else too.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_posting
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fact
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_entry, ledger_posting, fact FROM sammen_bonus;
