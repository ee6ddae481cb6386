//! E-mail addresses.

use unicode_normalization::UnicodeNormalization as _;

/// An e-mail address that letters can be sent to: a part of RFC 5321 §4.1.2 that every mail server takes. ASCII only, no
/// quotes, no comments.
///
/// The text is normalised first (NFKC) and checked afterwards, so that nothing that the check has not seen is compared or
/// written to (GHSA-7rqj-j65f-68wh). Two addresses are the same when their [`EmailKey`]s are.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    text: String,
    key: EmailKey,
}

/// What addresses are compared by: the whole address in lower case.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailKey(String);

impl EmailKey {
    /// As the database has it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The text is no address that letters can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("This is not an e-mail address")]
pub struct InvalidEmail;

impl EmailAddress {
    /// The most bytes of an address (RFC 5321 §4.5.3.1, with erratum 1690 of RFC 3696).
    pub const MAX_BYTES: usize = 254;
    const MAX_LOCAL_PART: usize = 64;

    /// Reads an address as somebody typed it.
    ///
    /// # Errors
    /// [`InvalidEmail`].
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        // No normal form is that much shorter; and nobody makes us normalise a megabyte.
        if text.len() > Self::MAX_BYTES * 8 {
            return Err(InvalidEmail);
        }
        let text: String = text.trim().nfkc().collect();
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        if text.len() > Self::MAX_BYTES || !is_local_part(local) || !is_domain(domain) {
            return Err(InvalidEmail);
        }
        let key = EmailKey(text.to_ascii_lowercase());
        Ok(Self { text, key })
    }

    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it is compared by.
    #[must_use]
    pub fn key(&self) -> &EmailKey {
        &self.key
    }

    /// What stands before the `@`: no password may be that (PW-13).
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.text.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

/// `atext` and dots between (RFC 5322 §3.2.3).
fn is_local_part(local: &str) -> bool {
    local.len() <= EmailAddress::MAX_LOCAL_PART
        && local.split('.').all(|atom| {
            !atom.is_empty()
                && atom
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
        })
}

/// Labels of letters, digits and hyphens, at least two of them (RFC 1123 §2.1).
fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

/// Whom an address belongs to is nobody's business in a log (LG-03).
impl std::fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailAddress(redacted)")
    }
}

impl std::fmt::Debug for EmailKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers GHSA-7rqj-j65f-68wh.
    #[test]
    fn an_address_is_normalised_before_it_is_checked_and_compared() {
        let typed = EmailAddress::parse(" Una@Example.ORG ").unwrap();
        assert_eq!(typed.as_str(), "Una@Example.ORG");
        let wide = EmailAddress::parse("ｕna＠example．org").unwrap();
        assert_eq!(typed.key().as_bytes(), wide.key().as_bytes());
        // One character that becomes two, one of them an `@`-like trap, and letters that only look right.
        for text in [
            "una@еxample.org",
            "una@example.org\r\nBcc: all@example.org",
            "una@example.org,eve@example.org",
            "una＠eve.org@example.org",
            "<una@example.org>",
            "\"una\"@example.org",
            "una@localhost",
            "una@-example.org",
            ".una@example.org",
            "una",
            "",
        ] {
            assert_eq!(EmailAddress::parse(text), Err(InvalidEmail), "{text}");
        }
        let long = format!("una@{}.org", "a.".repeat(130));
        assert_eq!(EmailAddress::parse(&long), Err(InvalidEmail));
    }

    #[test]
    fn an_address_keeps_its_spelling_and_is_compared_without_it() {
        let email = EmailAddress::parse("Una.B+x@Example.org").unwrap();
        assert_eq!(email.as_str(), "Una.B+x@Example.org");
        assert_eq!(email.local_part(), "Una.B+x");
        assert_eq!(email.key().as_bytes(), b"una.b+x@example.org");
        assert_eq!(format!("{email:?}"), "EmailAddress(redacted)");
        assert_eq!(format!("{:?}", email.key()), "EmailKey(redacted)");
    }

    #[test]
    fn the_longest_parts_fit_and_one_byte_more_does_not() {
        let of = |n: usize| "a".repeat(n);
        let fits = |text: &str| EmailAddress::parse(text).is_ok();
        assert!(fits(&format!("{}@example.org", of(64))));
        assert!(!fits(&format!("{}@example.org", of(65))));
        assert!(fits(&format!("una@{}.org", of(63))));
        assert!(!fits(&format!("una@{}.org", of(64))));
        let longest = format!("{}@{}.{}.{}", of(64), of(63), of(63), of(61));
        assert_eq!(longest.len(), EmailAddress::MAX_BYTES);
        assert!(fits(&longest));
        assert!(!fits(&format!(
            "{}@{}.{}.{}",
            of(64),
            of(63),
            of(63),
            of(62)
        )));
        // Spaces around it do not count, as long as nobody sends a megabyte of them.
        let room = EmailAddress::MAX_BYTES * 8 - longest.len();
        assert!(fits(&format!("{longest}{}", " ".repeat(room))));
        assert!(!fits(&format!("{longest}{}", " ".repeat(room + 1))));
    }

    #[test]
    fn a_domain_has_two_labels_of_letters_digits_and_hyphens_inside() {
        for domain in ["a.b", "a-b.c", "1.2", "xn--e1afmkfd.org"] {
            assert!(
                EmailAddress::parse(&format!("una@{domain}")).is_ok(),
                "{domain}"
            );
        }
        for domain in ["a", "a..b", "a-.b", "-a.b", "a.b-", "a_b.c", ".a.b", "a.b."] {
            assert!(
                EmailAddress::parse(&format!("una@{domain}")).is_err(),
                "{domain}"
            );
        }
        for local in ["a.", "a..b", "a b", "a\"b", "(a)"] {
            assert!(
                EmailAddress::parse(&format!("{local}@example.org")).is_err(),
                "{local}"
            );
        }
    }
}
