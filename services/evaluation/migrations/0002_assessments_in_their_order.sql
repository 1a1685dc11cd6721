-- Assessments of a case are told in their order, which is the order they arrive in. Their instants may
-- say otherwise: two of bonus's processes have two clocks, and a transaction that began first may wait
-- for the case and end last.
ALTER TABLE assessment_fact ADD COLUMN position bigint GENERATED ALWAYS AS IDENTITY;

DROP INDEX assessment_fact_newest;
CREATE INDEX assessment_fact_newest ON assessment_fact (bonus_case, milestone, position DESC);
