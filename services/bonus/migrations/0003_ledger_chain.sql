-- The seal on the ledger: each link's hash covers an entry with its postings, and the hash before.
CREATE TABLE ledger_link (
    sequence  bigint      PRIMARY KEY CHECK (sequence > 0),
    entry_id  uuid        NOT NULL UNIQUE REFERENCES ledger_entry,
    hash      bytea       NOT NULL CHECK (octet_length(hash) = 32),
    linked_at timestamptz NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_link FROM sammen_bonus;

-- Everything of an entry as one text, whose form never changes: its hash must be found again.
CREATE FUNCTION sealed_content(entry ledger_entry) RETURNS text
    LANGUAGE sql STABLE
    SET search_path FROM CURRENT AS
$$
SELECT jsonb_build_object(
           'entry', entry.entry_id, 'position', entry.position,
           'instalment', entry.instalment_id, 'kind', entry.kind,
           'effective_on', entry.effective_on, 'about', entry.about,
           'entered_at', (extract(epoch FROM entry.entered_at) * 1000000)::bigint,
           'postings', (SELECT jsonb_agg(jsonb_build_array(posting.line, posting.account,
                                                           posting.amount_ore)
                                         ORDER BY posting.line)
                          FROM ledger_posting AS posting
                         WHERE posting.entry_id = entry.entry_id))::text
$$;
