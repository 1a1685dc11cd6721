-- More accounts, more kinds of entry, and what an entry is about.
ALTER TABLE ledger_entry
    DROP CONSTRAINT ledger_entry_kind_check,
    ADD CONSTRAINT kind_is_known CHECK (kind IN (
        'entitlement_decided', 'entitlement_lowered',
        'payout_ordered', 'payout_settled', 'payout_rejected', 'payout_returned',
        'claim_raised', 'claim_changed', 'claim_withdrawn', 'claim_recovered', 'claim_waived')),
    ADD COLUMN about uuid,
    ADD CONSTRAINT about_a_payout_or_claim CHECK ((kind LIKE 'entitlement%') = (about IS NULL));
ALTER TABLE ledger_posting
    DROP CONSTRAINT ledger_posting_account_check,
    ADD CONSTRAINT account_is_known CHECK (account IN (
        'bonus_expense', 'bonus_payable', 'payouts_ordered', 'payouts_paid',
        'repayments_claimed', 'repayments_recovered', 'repayments_waived'));

-- Orders to finance. The order itself never changes; the sums below it follow finance's answers.
CREATE TABLE payout (
    payout_id      uuid        PRIMARY KEY,
    instalment_id  uuid        NOT NULL REFERENCES instalment,
    person         uuid        NOT NULL REFERENCES person,
    number         integer     NOT NULL CHECK (number > 0),
    placement      text        NOT NULL,
    amount_ore     bigint      NOT NULL CHECK (amount_ore > 0),
    ordered_on     date        NOT NULL,
    ordered_at     timestamptz NOT NULL,
    settled_ore    bigint      NOT NULL DEFAULT 0 CHECK (settled_ore >= 0),
    returned_ore   bigint      NOT NULL DEFAULT 0 CHECK (returned_ore >= 0),
    recovered_ore  bigint      NOT NULL DEFAULT 0 CHECK (recovered_ore >= 0),
    rejected       boolean     NOT NULL DEFAULT false,
    released       boolean     NOT NULL DEFAULT false,
    UNIQUE (instalment_id, number)
);
-- No second order while one is unanswered, whatever the code believes.
CREATE UNIQUE INDEX one_unanswered_payout ON payout (instalment_id)
 WHERE NOT rejected AND settled_ore < amount_ore;
REVOKE UPDATE, DELETE, TRUNCATE ON payout FROM sammen_bonus;
GRANT UPDATE (settled_ore, returned_ore, recovered_ore, rejected, released)
   ON payout TO sammen_bonus;

-- What finance answered, as told, and how it fitted the order.
CREATE TABLE payout_answer (
    event_id    uuid        PRIMARY KEY,
    payout_id   uuid        NOT NULL REFERENCES payout,
    kind        text        NOT NULL CHECK (kind IN ('settled', 'rejected', 'returned')),
    amount_ore  bigint      NOT NULL CHECK (amount_ore >= 0),
    happened_on date        NOT NULL,
    reason      text,
    remark      text        NOT NULL,
    told_at     timestamptz NOT NULL,
    heard_at    timestamptz NOT NULL
);
CREATE INDEX answer_to_payout ON payout_answer (payout_id);

-- A person's word that what was rejected or came back may be ordered again.
CREATE TABLE payout_release (
    release_id  uuid        PRIMARY KEY,
    payout_id   uuid        NOT NULL REFERENCES payout,
    reason      text        NOT NULL CHECK (reason <> ''),
    released_by text        NOT NULL,
    released_at timestamptz NOT NULL
);

CREATE TABLE repayment_claim (
    claim_id      uuid        PRIMARY KEY,
    instalment_id uuid        NOT NULL REFERENCES instalment,
    person        uuid        NOT NULL REFERENCES person,
    number        integer     NOT NULL CHECK (number > 0),
    state         text        NOT NULL
                  CHECK (state IN ('proposed', 'upheld', 'withdrawn', 'dropped', 'recovered')),
    amount_ore    bigint      NOT NULL CHECK (amount_ore >= 0),
    recovered_ore bigint      NOT NULL CHECK (recovered_ore >= 0),
    waived_ore    bigint      NOT NULL CHECK (waived_ore >= 0),
    reason        text        NOT NULL,
    raised_on     date        NOT NULL,
    barred_after  date        NOT NULL,
    changed_at    timestamptz NOT NULL,
    UNIQUE (instalment_id, number),
    CONSTRAINT live_claim_has_amount CHECK (state NOT IN ('proposed', 'upheld') OR amount_ore > 0)
);
CREATE UNIQUE INDEX one_live_claim ON repayment_claim (instalment_id)
 WHERE state IN ('proposed', 'upheld');

-- A caseworker's decisions on claims.
CREATE TABLE claim_decision (
    decision_id uuid        PRIMARY KEY,
    claim_id    uuid        NOT NULL REFERENCES repayment_claim,
    outcome     text        NOT NULL CHECK (outcome IN ('upheld', 'lowered', 'dropped')),
    amount_ore  bigint      NOT NULL CHECK (amount_ore >= 0),
    bad_faith   boolean     NOT NULL,
    reason      text        NOT NULL CHECK (reason <> ''),
    decided_by  text        NOT NULL,
    decided_on  date        NOT NULL,
    decided_at  timestamptz NOT NULL
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_answer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_release
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON payout_answer, payout_release, claim_decision FROM sammen_bonus;
REVOKE DELETE, TRUNCATE ON repayment_claim FROM sammen_bonus;
