-- Answers already given, so that asking again has the same answer and no second effect.
CREATE TABLE idempotency_key (
    client      text        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    status      smallint    NOT NULL,
    media_type  text        NOT NULL,
    headers     jsonb       NOT NULL,
    body        bytea       NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (client, key),
    CONSTRAINT fingerprint_is_sha256 CHECK (octet_length(fingerprint) = 32),
    CONSTRAINT key_is_short CHECK (char_length(key) BETWEEN 1 AND 255),
    CONSTRAINT status_is_success CHECK (status BETWEEN 200 AND 299)
);

-- Expired answers are deleted once a day.
CREATE INDEX idempotency_key_by_age ON idempotency_key (answered_at);
