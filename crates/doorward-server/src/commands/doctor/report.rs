//! What the checks found.

use std::fmt;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warning,
    Problem,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

#[derive(Debug)]
struct Finding {
    verdict: Verdict,
    subject: &'static str,
    what: String,
    fix: Option<String>,
}

/// The findings, in the order of the checks.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Finding>);

impl Report {
    /// In order.
    pub(super) fn ok(&mut self, subject: &'static str, what: impl Into<String>) {
        self.add(Verdict::Ok, subject, what.into(), None);
    }

    /// Works, and should be changed.
    pub(super) fn warning(
        &mut self,
        subject: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.add(Verdict::Warning, subject, what.into(), Some(fix.into()));
    }

    /// Does not work, or is not safe.
    pub(super) fn problem(
        &mut self,
        subject: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.add(Verdict::Problem, subject, what.into(), Some(fix.into()));
    }

    fn add(&mut self, verdict: Verdict, subject: &'static str, what: String, fix: Option<String>) {
        self.0.push(Finding {
            verdict,
            subject,
            what,
            fix,
        });
    }

    /// Writes what is not in order to the log, for a server that starts all the same.
    pub(super) fn log(&self) {
        for finding in self
            .0
            .iter()
            .filter(|finding| finding.verdict != Verdict::Ok)
        {
            let fix = finding.fix.as_deref().unwrap_or_default();
            tracing::warn!(subject = finding.subject, fix, "{}", finding.what);
        }
    }

    /// Whether anything does not work or is not safe.
    pub(super) fn has_problem(&self) -> bool {
        self.count(Verdict::Problem) > 0
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.0.iter().filter(|f| f.verdict == verdict).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.0 {
            let verdict = finding.verdict.as_str();
            writeln!(f, "{verdict:7}  {:14}  {}", finding.subject, finding.what)?;
            for line in finding.fix.iter().flat_map(|fix| fix.lines()) {
                writeln!(f, "{:27}{line}", "")?;
            }
        }
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let problems = self.count(Verdict::Problem);
        let warnings = self.count(Verdict::Warning);
        writeln!(
            f,
            "\n{problems} problem{}, {warnings} warning{}",
            plural(problems),
            plural(warnings)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_stands_below_what_is_wrong() {
        let mut report = Report::default();
        report.ok("schema", "current");
        report.warning("secret", "old", "make one\nand wait");
        assert!(!report.has_problem());
        report.problem("database", "gone", "start it");
        assert!(report.has_problem());
        let text = report.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "ok       schema          current");
        assert_eq!(lines[1], "warning  secret          old");
        assert_eq!(lines[3].trim_start(), "and wait");
        assert_eq!(lines.last(), Some(&"1 problem, 1 warning"));
    }
}
