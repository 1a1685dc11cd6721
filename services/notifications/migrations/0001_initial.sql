-- Whom to write to, what there is to tell, and what became of each telling.

-- With membership's contact the only table of the whole system with an address of anybody.
-- The contact's name is not kept: no mail says it.
CREATE TABLE contact (
    contact      text        NOT NULL CONSTRAINT contact_is_known_once PRIMARY KEY,
    organisation text        NOT NULL,
    cvr          text,
    municipality text,
    email        text        NOT NULL,
    language     text        NOT NULL CONSTRAINT language_is_spoken CHECK (language IN ('da', 'en')),
    roles        text[]      NOT NULL,
    hears_since  timestamptz NOT NULL
);

CREATE INDEX contact_of_company ON contact (cvr) WHERE cvr IS NOT NULL;

-- One row per company ever written about. Its lock makes what happened and who hears of it, which
-- arrive on two topics at once, see each other.
CREATE TABLE audience (
    cvr text NOT NULL CONSTRAINT audience_is_known_once PRIMARY KEY
);

-- Things to tell, each once; waiting = nobody has been told, since no contact is known yet.
CREATE TABLE occasion (
    template       text        NOT NULL,
    subject        text        NOT NULL,
    role           text        NOT NULL,
    cvr            text        NOT NULL,
    parameters     jsonb       NOT NULL,
    occurred_at    timestamptz NOT NULL,
    waiting        boolean     NOT NULL DEFAULT true,
    cause_event    text        NOT NULL,
    correlation    text        NOT NULL,
    traceparent    text,
    CONSTRAINT occasion_is_known_once PRIMARY KEY (template, subject)
);

CREATE INDEX occasion_of_company ON occasion (cvr, occurred_at);
CREATE INDEX occasion_waiting ON occasion (template) WHERE waiting;

-- One mail to one contact. It outlives the contact, as evidence, without an address.
CREATE TABLE notice (
    notification   text        NOT NULL CONSTRAINT notice_is_known_once PRIMARY KEY,
    template       text        NOT NULL,
    subject        text        NOT NULL,
    contact        text        NOT NULL,
    created_at     timestamptz NOT NULL,
    state          text        NOT NULL DEFAULT 'due'
                   CONSTRAINT state_is_known
                   CHECK (state IN ('due', 'sending', 'sent', 'failed', 'erased')),
    due_at         timestamptz NOT NULL,
    attempts       int         NOT NULL DEFAULT 0,
    unclear        int         NOT NULL DEFAULT 0,
    claimed_until  timestamptz,
    first_tried_at timestamptz,
    finished_at    timestamptz,
    channel        text,
    reason         text,
    reply_code     int,
    CONSTRAINT contact_is_told_once UNIQUE (template, subject, contact),
    CONSTRAINT notice_is_about_an_occasion
    FOREIGN KEY (template, subject) REFERENCES occasion (template, subject),
    CONSTRAINT sending_is_claimed CHECK ((state = 'sending') = (claimed_until IS NOT NULL)),
    CONSTRAINT finished_has_its_day
    CHECK ((state IN ('sent', 'failed', 'erased')) = (finished_at IS NOT NULL)),
    CONSTRAINT sent_went_some_way CHECK ((state = 'sent') = (channel IS NOT NULL))
);

CREATE INDEX notice_unfinished ON notice (due_at) WHERE state IN ('due', 'sending');
CREATE INDEX notice_of_contact ON notice (contact) WHERE state IN ('due', 'sending');
