-- The rows of a source that were not adopted, and why. place: the id, line or record; username as found, cut to fit.
CREATE TABLE adoption_rejects (
    adoption_id BINARY(32) NOT NULL,
    place BIGINT NOT NULL,
    username VARCHAR(100) NULL,
    reason VARCHAR(255) NOT NULL,
    PRIMARY KEY (adoption_id, place)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
