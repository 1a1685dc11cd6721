-- What a handler under test has done, in the order it did it. Nothing forbids a double: a test that
-- finds one has found a fault.
CREATE TABLE seen (
    place    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id text NOT NULL,
    cvr      text NOT NULL,
    detail   text NOT NULL
);
