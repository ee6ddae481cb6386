-- The lecture's table (program 8), column for column, so that a Flask application beside us can read it.
-- `password` is 255 wide: the lecture's 100 cut its own hashes off. The binary collation keeps the database
-- from deciding who is who; accounts.username_key does that.
CREATE TABLE users (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    username VARCHAR(50) NOT NULL,
    password VARCHAR(255) NOT NULL,
    role VARCHAR(20) NOT NULL,
    UNIQUE KEY username (username)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
