-- What is done by the clock, and how far it is done: shared by every process of the service.
CREATE TABLE timer (
    name       text        NOT NULL PRIMARY KEY,
    done_on    date,                            -- daily timers: every day up to this one is done
    done_at    timestamptz,                     -- when the last good run began
    failures   integer     NOT NULL DEFAULT 0,  -- in a row, up to now
    failed_at  timestamptz,
    last_error text,
    CONSTRAINT failures_are_counted CHECK (failures >= 0),
    CONSTRAINT failure_is_told CHECK ((failures = 0) = (last_error IS NULL))
);
