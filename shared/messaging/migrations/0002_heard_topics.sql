-- Which topic each consumer hears under a name: a bus may forget with a deleted topic how far each
-- group was, and would begin one of the same name as if nothing had been missed.
CREATE TABLE heard_topic (
    consumer text NOT NULL,
    topic    text NOT NULL,
    identity text NOT NULL,
    PRIMARY KEY (consumer, topic)
);
