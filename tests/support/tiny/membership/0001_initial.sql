CREATE TABLE joined (
    cvr       text NOT NULL PRIMARY KEY,
    joined_on date NOT NULL
);
