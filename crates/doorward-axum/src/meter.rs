//! How many requests there were, of which routes, and how long they took.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use doorward::meter::{Histogram, HistogramReading, lane};
use http::{Method, StatusCode};

/// The times that are told apart: a token is verified in the first, a login
/// hashes for a while, a failure waits for its quantum.
const BOUNDS: [Duration; 13] = [
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
];
/// A client may make up methods, which must not become labels.
const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other",
];
/// The hundreds of a status, from 100 on.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// What is none of the routes; no pattern is this.
const UNMATCHED: &str = "unmatched";
/// How many threads count without meeting another.
const LANES: usize = 8;

/// Counts the requests and connections of an [`crate::App`].
///
/// Requests are told apart by the pattern of their route, never by their path:
/// there are as many series as the server has routes, whatever clients ask for.
pub struct HttpMeter {
    routes: matchit::Router<usize>,
    patterns: Vec<String>,
    lanes: Vec<Vec<OnceLock<Box<Series>>>>,
    open: AtomicUsize,
    turned_away: AtomicU64,
}

/// The requests of a route with a method.
struct Series {
    classes: [AtomicU64; CLASSES.len()],
    took: Histogram<{ BOUNDS.len() }>,
}

/// The requests of a route with a method, as [`HttpMeter::read`] finds them.
#[derive(Debug, Clone)]
pub struct RouteReading<'a> {
    /// The pattern of the route, or `unmatched`.
    pub route: &'a str,
    /// The method, or `other`.
    pub method: &'static str,
    /// The requests by the class of their status: `2xx`.
    pub classes: [(&'static str, u64); CLASSES.len()],
    /// The time from a request's head to the head of its answer.
    pub took: HistogramReading<{ BOUNDS.len() }>,
}

impl HttpMeter {
    /// A meter for the routes with these patterns, written as for axum.
    pub fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        let mut routes = matchit::Router::new();
        let mut known = Vec::new();
        for pattern in patterns {
            if routes.insert(&pattern, known.len()).is_ok() {
                known.push(pattern);
            }
        }
        let series = (known.len() + 1) * METHODS.len();
        let lanes = (0..LANES).map(|_| (0..series).map(|_| OnceLock::new()).collect());
        Self {
            routes,
            patterns: known,
            lanes: lanes.collect(),
            open: AtomicUsize::new(0),
            turned_away: AtomicU64::new(0),
        }
    }

    /// The pattern of the route that a path belongs to.
    pub(crate) fn route(&self, path: &str) -> Option<&str> {
        let found = self.routes.at(path).ok()?;
        self.patterns.get(*found.value).map(String::as_str)
    }

    /// Counts a request that was answered.
    pub(crate) fn count(&self, path: &str, method: &Method, status: StatusCode, took: Duration) {
        let route = self.routes.at(path);
        let route = route.map_or(self.patterns.len(), |found| *found.value);
        let own = self.lanes.get(lane(LANES));
        let Some(series) = own.and_then(|own| own.get(route * METHODS.len() + place(method)))
        else {
            return;
        };
        let series = series.get_or_init(Box::default);
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = series.classes.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        series.took.observe(took);
    }

    /// The requests since the start, of every route and method that was asked for.
    pub fn read(&self) -> impl Iterator<Item = RouteReading<'_>> {
        let patterns = self.patterns.iter().map(String::as_str);
        let routes = patterns.chain([UNMATCHED]).enumerate();
        routes.flat_map(move |(route, pattern)| {
            let methods = METHODS.iter().enumerate();
            methods.filter_map(move |(place, method)| {
                let place = route * METHODS.len() + place;
                let lanes = self.lanes.iter().filter_map(|lane| lane.get(place)?.get());
                let together = lanes.map(|series| series.read(pattern, method));
                together.reduce(|sum, more| sum.with(&more))
            })
        })
    }

    /// How many connections are open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// How many connections came beyond a ceiling.
    #[must_use]
    pub fn connections_turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }

    pub(crate) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection as open until [`Self::closed`].
    pub(crate) fn opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for HttpMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpMeter")
            .field("routes", &self.patterns.len())
            .finish_non_exhaustive()
    }
}

impl Default for Series {
    fn default() -> Self {
        Self {
            classes: std::array::from_fn(|_| AtomicU64::new(0)),
            took: Histogram::new(&BOUNDS),
        }
    }
}

impl Series {
    fn read<'a>(&self, route: &'a str, method: &'static str) -> RouteReading<'a> {
        RouteReading {
            route,
            method,
            classes: std::array::from_fn(|place| {
                let class = CLASSES.get(place).copied().unwrap_or_default();
                let count = self.classes.get(place);
                (
                    class,
                    count.map_or(0, |count| count.load(Ordering::Relaxed)),
                )
            }),
            took: self.took.read(),
        }
    }
}

impl RouteReading<'_> {
    fn with(mut self, other: &Self) -> Self {
        for ((_, count), (_, more)) in self.classes.iter_mut().zip(other.classes) {
            *count += more;
        }
        self.took = self.took.with(&other.took);
        self
    }
}

fn place(method: &Method) -> usize {
    let known = METHODS.iter().position(|known| *known == method.as_str());
    known.unwrap_or(METHODS.len() - 1)
}

#[cfg(test)]
mod tests;
