//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write as _};

use doorward::meter::{Counters, HistogramReading, Label};

/// What kind of number a family has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Times by how long they were.
    Histogram,
}

/// A text that grows family by family.
#[derive(Debug, Default)]
pub(super) struct Exposition(String);

/// The labels of a series. Their values are words of ours, patterns of routes and names of sources, none of which has a
/// character that needs an escape.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

impl Exposition {
    /// The text.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    /// Begins a family: its series follow.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A series and its value.
    pub(super) fn series(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.0.push_str(name);
        for (place, (label, text)) in labels.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"{text}\"");
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    /// A family with one series that has no labels.
    pub(super) fn single(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.series(name, &[], value);
    }

    /// A family with a series for each outcome.
    pub(super) fn outcomes<L: Label, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        counters: &Counters<L, N>,
    ) {
        self.family(name, Kind::Counter, help);
        for (outcome, count) in counters.read() {
            self.series(name, &[("outcome", outcome.as_str())], count);
        }
    }

    /// The series of a histogram.
    pub(super) fn histogram<const N: usize>(
        &mut self,
        name: &str,
        labels: Labels<'_>,
        reading: &HistogramReading<N>,
    ) {
        let bucket = format!("{name}_bucket");
        let mut up_to = 0;
        for (bound, count) in reading.bounds.iter().zip(reading.counts) {
            up_to += count;
            let bound = bound.as_secs_f64().to_string();
            self.series(&bucket, &[labels, &[("le", &bound)]].concat(), up_to);
        }
        let all = reading.count();
        self.series(&bucket, &[labels, &[("le", "+Inf")]].concat(), all);
        let sum = reading.sum.as_secs_f64();
        self.series(&format!("{name}_sum"), labels, sum);
        self.series(&format!("{name}_count"), labels, all);
    }
}
