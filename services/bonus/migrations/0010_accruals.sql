-- The memorandum: what is expected grows month by month, on two accounts of its own.
ALTER TABLE ledger_entry
    DROP CONSTRAINT kind_is_known,
    ADD CONSTRAINT kind_is_known CHECK (kind IN (
        'entitlement_decided', 'entitlement_lowered',
        'payout_ordered', 'payout_settled', 'payout_rejected', 'payout_returned',
        'claim_raised', 'claim_changed', 'claim_withdrawn', 'claim_recovered', 'claim_waived',
        'bonus_accrued', 'accrual_changed', 'accrual_taken_back', 'accrual_released')),
    DROP CONSTRAINT about_a_payout_or_claim,
    ADD COLUMN sequence integer CHECK (sequence > 0),
    ADD CONSTRAINT accruals_are_counted
        CHECK ((kind IN ('bonus_accrued', 'accrual_changed', 'accrual_taken_back',
                         'accrual_released')) = (sequence IS NOT NULL)),
    ADD CONSTRAINT about_a_payout_or_claim
        CHECK ((kind LIKE 'entitlement%' OR sequence IS NOT NULL) = (about IS NULL));
-- Each part of an instalment's accrual is posted once, whatever the code believes.
CREATE UNIQUE INDEX accrual_is_posted_once ON ledger_entry (instalment_id, sequence)
 WHERE sequence IS NOT NULL;
ALTER TABLE ledger_posting
    DROP CONSTRAINT account_is_known,
    ADD CONSTRAINT account_is_known CHECK (account IN (
        'bonus_expense', 'bonus_payable', 'payouts_ordered', 'payouts_paid',
        'repayments_claimed', 'repayments_recovered', 'repayments_waived',
        'bonus_accrued', 'accrued_contra'));

-- Where the months are counted from, and what is posted of the instalment so far.
ALTER TABLE instalment
    ADD COLUMN starts_on       date,
    ADD COLUMN accrued_ore     bigint  NOT NULL DEFAULT 0 CHECK (accrued_ore >= 0),
    ADD COLUMN accrued_through date,
    ADD COLUMN accruals        integer NOT NULL DEFAULT 0 CHECK (accruals >= 0);
CREATE INDEX instalment_to_accrue ON instalment (person, accrued_through)
 WHERE status = 'PENDING';

-- Every state an instalment ever had: the figures of any day, as known on any day, come from here.
CREATE TABLE instalment_version (
    version       bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instalment_id uuid    NOT NULL REFERENCES instalment,
    known_on      date    NOT NULL,
    due_on        date    NOT NULL,
    amount_ore    bigint  NOT NULL CHECK (amount_ore >= 0),
    status        text    NOT NULL
                  CHECK (status IN ('DUE', 'AWAITING', 'PENDING', 'REVIEW', 'REFUSED'))
);
CREATE INDEX version_of_instalment ON instalment_version (instalment_id, version DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON instalment_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON instalment_version FROM sammen_bonus;

-- What was there before: known since its last assessment. The next sweep looks at everybody anew,
-- which fills in the starts and posts what has accrued.
INSERT INTO instalment_version (instalment_id, known_on, due_on, amount_ore, status)
SELECT instalment_id, (assessed_at AT TIME ZONE 'Europe/Copenhagen')::date, due_on, amount_ore,
       status
  FROM instalment
 ORDER BY assessed_at, instalment_id;
UPDATE person SET next_look_on = assessed_on WHERE assessed_on IS NOT NULL;
