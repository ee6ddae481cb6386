//! What happens to machines and networks: connections that end inside a COMMIT, a full disk, a clock that jumps, no file
//! descriptors left, a database that stands still, and two nodes that do the same thing at once.

mod clock;
mod commits;
mod descriptors;
mod disk;
mod races;
mod stopped;
mod unread_log;
