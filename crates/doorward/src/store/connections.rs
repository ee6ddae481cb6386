//! How many connections to the database there are, for the metrics.

use sqlx::Pool;

use super::{Database, database::Pools};

/// The connections of a pool at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// `readers` and `writer` of SQLite, `all` of MySQL.
    pub pool: &'static str,
    /// How many are open.
    pub open: u32,
    /// How many of them nobody uses.
    pub idle: u32,
    /// How many may be open. With as many in use, a statement waits.
    pub most: u32,
}

impl Connections {
    fn of<D: sqlx::Database>(name: &'static str, pool: &Pool<D>) -> Self {
        // The two are not read at one moment.
        let open = pool.size();
        let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
        Self {
            pool: name,
            open,
            idle: idle.min(open),
            most: pool.options().get_max_connections(),
        }
    }
}

impl Database {
    /// The connections now. No query.
    #[must_use]
    pub fn connections(&self) -> Vec<Connections> {
        match &self.pools {
            Pools::Sqlite { readers, writer } => vec![
                Connections::of("readers", readers),
                Connections::of("writer", writer),
            ],
            Pools::MySql(pool) => vec![Connections::of("all", pool)],
        }
    }
}
