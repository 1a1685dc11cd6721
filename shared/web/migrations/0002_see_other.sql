-- A form is answered with the page to see next (303): sent twice, it shows the same one.
ALTER TABLE idempotency_key
    DROP CONSTRAINT status_is_success,
    ADD CONSTRAINT status_is_success CHECK (status BETWEEN 200 AND 299 OR status = 303);
