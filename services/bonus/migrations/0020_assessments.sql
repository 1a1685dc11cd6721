-- Every state the rule data was ever in while something was assessed by it: file name to text.
CREATE TABLE rule_edition (
    edition       text        PRIMARY KEY CHECK (edition ~ '^[0-9a-f]{16}$'),
    content       text        NOT NULL,
    first_used_at timestamptz NOT NULL
);

-- What was assessed, when, by which rules, from which facts, and what it gave. Positions are given
-- under the person's lock, so that they tell the order whatever the clocks say. No foreign keys:
-- whoever inserts holds the person's row, and writes the edition in the same statement.
CREATE TABLE assessment (
    position      bigint      GENERATED ALWAYS AS IDENTITY,
    assessment_id uuid        NOT NULL,
    person        uuid        NOT NULL,
    as_of         date        NOT NULL,
    assessed_at   timestamptz NOT NULL,
    edition       text        NOT NULL,
    facts         uuid[]      NOT NULL,
    lines         jsonb       NOT NULL,
    PRIMARY KEY (person, position)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_edition
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assessment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON rule_edition, assessment FROM sammen_bonus;
