-- The rows of a source that were not adopted, and why. place: the id, line or record; username as found, cut to fit.
CREATE TABLE adoption_rejects (
    adoption_id BLOB NOT NULL,
    place BIGINT NOT NULL,
    username VARCHAR(100) NULL,
    reason VARCHAR(255) NOT NULL,
    PRIMARY KEY (adoption_id, place)
);
