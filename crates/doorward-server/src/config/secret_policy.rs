//! Secrets that everybody knows, and secrets that can be guessed.

use doorward::secret::{Secret, WeakSecret};

use super::secret::SecretText;

/// Parts of sample secrets (the lecture's, jwt.io's, frameworks' templates),
/// lower case, letters and digits only. Each is long enough that a random
/// base64 text practically never contains it. Whole texts that are well known are in
/// the core, which decides on everything else.
const SAMPLE_PARTS: [&str; 14] = [
    "secretkey",
    "supersecret",
    "yoursecret",
    "mysecret",
    "topsecret",
    "jwtsecret",
    "256bitsecret",
    "256bitslong",
    "changeme",
    "changethis",
    "replaceme",
    "insecure",
    "password",
    "12345678901234567890",
];

/// What is wrong with a secret. Never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// A sample from a lecture, a manual or a template.
    Sample,
    /// Shorter than 32 bytes.
    Short,
    /// A few characters repeated.
    Repetitive,
}

impl Weakness {
    /// Completes the sentence "the secret …".
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Sample => "is a well-known sample",
            Self::Short => "is shorter than 32 bytes",
            Self::Repetitive => "repeats a few characters",
        }
    }
}

/// The weakness of a secret, when it has one (OWASP ASVS 5.0 13.2.3, RFC 8725
/// section 3.5).
pub(crate) fn weakness(secret: &SecretText) -> Option<Weakness> {
    let text = secret.expose();
    let letters: zeroize::Zeroizing<String> = zeroize::Zeroizing::new(
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect(),
    );
    if SAMPLE_PARTS.iter().any(|part| letters.contains(part))
        || ["secret", "dev", "test"].contains(&letters.as_str())
    {
        return Some(Weakness::Sample);
    }
    match Secret::from_text(text.to_owned()).check_strength() {
        Ok(()) => None,
        Err(WeakSecret::WellKnown) => Some(Weakness::Sample),
        Err(WeakSecret::TooShort { .. }) => Some(Weakness::Short),
        Err(WeakSecret::Monotonous) => Some(Weakness::Repetitive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_short_and_repetitive_secrets_are_recognised() {
        for (text, expected) in [
            ("supersecretkey", Some(Weakness::Sample)),
            ("myverystrongsecretkey", Some(Weakness::Sample)),
            ("dev", Some(Weakness::Sample)),
            ("Your-256-bit-Secret", Some(Weakness::Sample)),
            (
                "a-string-secret-at-least-256-bits-long",
                Some(Weakness::Sample),
            ),
            (
                "please-CHANGE_ME-please-please-please",
                Some(Weakness::Sample),
            ),
            ("192b9bdd22ab9ed4d12e236c78afcb9", Some(Weakness::Short)),
            (
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                Some(Weakness::Repetitive),
            ),
            ("192b9bdd22ab9ed4d12e236c78afcb9a", None),
        ] {
            assert_eq!(weakness(&SecretText::from(text)), expected, "{text}");
        }
    }
}
