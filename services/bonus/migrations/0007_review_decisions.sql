-- What a caseworker decided on a review, why and who; the decision itself is a fact.
CREATE TABLE review_decision (
    fact_id       uuid        PRIMARY KEY REFERENCES fact,
    instalment_id uuid        NOT NULL REFERENCES instalment,
    review        text        NOT NULL,
    outcome       text        NOT NULL CHECK (outcome IN ('accepted', 'refused')),
    reason        text        NOT NULL CHECK (reason <> ''),
    decided_by    text        NOT NULL,
    decided_at    timestamptz NOT NULL
);
CREATE INDEX review_decision_on_instalment ON review_decision (instalment_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON review_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON review_decision FROM sammen_bonus;

-- The flags an assessment raised, so that they can be listed without assessing everybody.
ALTER TABLE person ADD COLUMN flags text[] NOT NULL DEFAULT '{}';
CREATE INDEX person_flagged ON person (person) WHERE flags <> '{}';
-- Whoever was assessed before this day is looked at once more, by the next daily sweep.
UPDATE person SET next_look_on = assessed_on WHERE assessed_on IS NOT NULL;

-- A caseworker's word that a flag has been looked into; a flag blocks no payment.
CREATE TABLE flag_note (
    note_id  uuid        PRIMARY KEY,
    person   uuid        NOT NULL REFERENCES person,
    flag     text        NOT NULL,
    reason   text        NOT NULL CHECK (reason <> ''),
    noted_by text        NOT NULL,
    noted_at timestamptz NOT NULL
);
CREATE INDEX flag_note_on_person ON flag_note (person, flag);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON flag_note
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON flag_note FROM sammen_bonus;

-- What the caseworker list asks for.
CREATE INDEX instalment_under_review ON instalment (due_on) WHERE status = 'REVIEW';
CREATE INDEX payout_stopped ON payout (ordered_on)
 WHERE NOT released AND (rejected OR returned_ore > 0);
