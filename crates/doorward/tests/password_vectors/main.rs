//! Every stored hash of the vector files gets the answer its entry expects, under the default
//! settings and under those that turn its form on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at once"
)]

mod argon2;
mod django;
mod flask;
mod passlib;
mod werkzeug;

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use doorward::password::{
    AcceptedForms, FormGroup, FormGroups, HashFormatError, KdfMemory, Password, PasswordHash,
};

/// The settings with these groups turned on.
fn accepting(groups: FormGroups) -> AcceptedForms {
    AcceptedForms {
        groups,
        ..AcceptedForms::default()
    }
}

/// Every group but these.
fn all_but(groups: &[FormGroup]) -> AcceptedForms {
    accepting(
        FormGroup::ALL
            .into_iter()
            .filter(|group| !groups.contains(group))
            .collect(),
    )
}

/// Runs `check` on every item, on all cores.
fn for_each_on_all_cores<T: Sync>(items: &[T], check: impl Fn(&T, &mut KdfMemory) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                let mut memory = KdfMemory::new(19_456);
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(item, &mut memory);
                }
            });
        }
    });
}

fn verifies(hash: &PasswordHash, password: &str, memory: &mut KdfMemory) -> bool {
    let password = Password::parse(password).unwrap();
    hash.verify(&password, memory).unwrap()
}

fn verifies_its_password_only(hash: &PasswordHash, password: &str, memory: &mut KdfMemory) {
    assert!(verifies(hash, password, memory), "{}", hash.as_str());
    // Same length, so that a comparison of prefixes or of lengths alone would be noticed.
    let mut wrong: Vec<char> = password.chars().collect();
    let last = wrong.len() - 1;
    wrong[last] = if wrong[last] == '#' { '+' } else { '#' };
    let wrong: String = wrong.into_iter().collect();
    assert!(!verifies(hash, &wrong, memory), "{}", hash.as_str());
}

#[track_caller]
fn is_unsupported(stored: &str, accepted: &AcceptedForms) {
    let parsed = PasswordHash::parse_with(stored, accepted);
    assert!(
        matches!(parsed, Err(HashFormatError::Unsupported { .. })),
        "{stored} under {accepted:?}: {parsed:?}"
    );
}

/// Vectors that cannot be run, each with its reason. A line that no vector asks for fails.
struct SkipList {
    reasons: &'static [(&'static str, &'static str)],
    used: BTreeSet<&'static str>,
}

impl SkipList {
    fn new(reasons: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            reasons,
            used: BTreeSet::new(),
        }
    }

    fn skips(&mut self, name: &str) -> bool {
        let found = self.reasons.iter().find(|(skipped, _)| *skipped == name);
        self.used.extend(found.map(|(skipped, _)| *skipped));
        found.is_some()
    }

    fn assert_used_up(self) {
        for (name, reason) in self.reasons {
            assert!(
                self.used.contains(name),
                "stale: {name} is skipped ({reason}), but no vector has this name"
            );
        }
    }
}
