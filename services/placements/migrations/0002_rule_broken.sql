-- The rule a refused report breaks, where a look at the report alone shows it.
ALTER TABLE report
    ADD COLUMN code text,
    ADD CONSTRAINT code_of_a_refusal CHECK (code IS NULL OR outcome = 'refused');
