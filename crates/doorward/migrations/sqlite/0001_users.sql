-- The lecture's table (program 8), column for column, so that a Flask application beside us can read it.
-- `password` is 255 wide: the lecture's 100 cut its own hashes off.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username VARCHAR(50) NOT NULL UNIQUE,
    password VARCHAR(255) NOT NULL,
    role VARCHAR(20) NOT NULL
);
