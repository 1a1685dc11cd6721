CREATE TABLE company (
    cvr   text    NOT NULL PRIMARY KEY,
    heard integer NOT NULL
);
