-- Companies that are members, whom to write to there, what they pledged; and every employer's sector.

CREATE TABLE company (
    cvr       text NOT NULL CONSTRAINT company_is_known_once PRIMARY KEY
              CONSTRAINT cvr_has_eight_digits CHECK (cvr ~ '^[0-9]{8}$'),
    name      text NOT NULL,
    joined_on date NOT NULL
);

-- The only table of the whole system, besides notifications' contact, with an address of anybody.
CREATE TABLE contact (
    contact  text   NOT NULL CONSTRAINT contact_is_known_once PRIMARY KEY,
    cvr      text   NOT NULL CONSTRAINT contact_belongs_to_a_company REFERENCES company (cvr),
    name     text   NOT NULL,
    email    text   NOT NULL CONSTRAINT email_has_no_control_characters CHECK (email !~ '[[:cntrl:]]'),
    language text   NOT NULL CONSTRAINT language_is_spoken CHECK (language IN ('da', 'en')),
    roles    text[] NOT NULL
);

CREATE UNIQUE INDEX contact_has_its_address_alone ON contact (cvr, lower(email));

CREATE TABLE pledge (
    pledge       text NOT NULL CONSTRAINT pledge_is_known_once PRIMARY KEY,
    cvr          text NOT NULL CONSTRAINT pledge_is_made_by_a_member REFERENCES company (cvr),
    places       int  NOT NULL CONSTRAINT pledge_has_places CHECK (places > 0),
    kind         text NOT NULL,
    first_day    date NOT NULL,
    last_day     date,
    municipality text,
    pledged_on   date NOT NULL,
    CONSTRAINT pledge_ends_after_it_begins CHECK (last_day >= first_day)
);

CREATE INDEX pledge_of_company ON pledge (cvr, first_day, pledge);

-- Facts: every report is kept, the last recorded of an effective_from counts.
CREATE TABLE sector_report (
    report                 bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employer               text        NOT NULL
                           CONSTRAINT employer_has_eight_digits CHECK (employer ~ '^[0-9]{8}$'),
    effective_from         date        NOT NULL,
    sector                 text        NOT NULL,
    public_funding_percent text,
    reported_at            timestamptz NOT NULL
);

CREATE INDEX sector_report_of_employer ON sector_report (employer, effective_from, report);
