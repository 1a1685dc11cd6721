-- Postings of one entry come in one statement, and what is added must balance by itself: then every
-- entry does. Looking at what the entry had before cost a pass over the whole ledger each time.
CREATE OR REPLACE FUNCTION refuse_unbalanced_postings() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT AS
$$
DECLARE
    unbalanced uuid;
BEGIN
    SELECT added.entry_id
      INTO unbalanced
      FROM added
     GROUP BY added.entry_id
    HAVING sum(added.amount_ore) <> 0
     LIMIT 1;
    IF unbalanced IS NOT NULL THEN
        RAISE EXCEPTION 'ledger entry % does not balance', unbalanced
            USING ERRCODE = 'check_violation', CONSTRAINT = 'postings_balance';
    END IF;
    RETURN NULL;
END
$$;
