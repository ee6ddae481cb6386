//! Strings that nothing here verifies: what is a hash all the same, and what is none.
//!
//! Where a column holds passwords in the clear, what is in no known format is taken for one and
//! hashed. A hash mistaken for a password would then let in whoever has seen it. So this errs on
//! the side of calling a string a hash.

use super::HashFormatError;

/// Families, by how they begin.
const REFUSED: &[(&str, &str)] = &[
    ("$1$", "md5-crypt"),
    ("$5$", "sha256-crypt"),
    ("$6$", "sha512-crypt"),
    ("$7$", "scrypt-crypt"),
    ("$y$", "yescrypt"),
    ("$gy$", "yescrypt"),
    ("$md5$", "SunMD5"),
    ("$apr1$", "Apache md5-crypt"),
    ("$sha1$", "sha1-crypt"),
    ("$P$", "phpass"),
    ("$H$", "phpass"),
    ("$S$", "Drupal"),
    ("crypt$", "Django crypt"),
    ("unsalted_", "Django unsalted digest"),
];

/// How forms begin that are verified elsewhere, when they are spelled as their libraries do.
const VERIFIED: &[&str] = &[
    "$argon2",
    "$2a$",
    "$2b$",
    "$2y$",
    "$bcrypt-sha256",
    "$pbkdf2",
    "$scrypt",
    "scrypt:",
    "pbkdf2:",
    "scrypt$",
    "pbkdf2$",
    "pbkdf2_",
    "argon2$",
    "bcrypt$",
    "bcrypt_sha256$",
    "md5$",
    "sha1$",
    "sha224$",
    "sha256$",
    "sha384$",
    "sha512$",
    "plain$",
];

/// Fewer characters than any hash has; a shorter text is a password.
const LEAST_CHARS: usize = 20;

/// Why a string that no parser took is refused.
pub(super) fn refusal(stored: &str) -> HashFormatError {
    if stored.trim().is_empty() {
        return HashFormatError::corrupt("it is empty");
    }
    if let Some((_, form)) = REFUSED
        .iter()
        .find(|(prefix, _)| stored.starts_with(prefix))
    {
        return HashFormatError::refused(form);
    }
    let spelled = stored.trim().to_ascii_lowercase();
    if VERIFIED.iter().any(|prefix| spelled.starts_with(prefix)) {
        return HashFormatError::corrupt("its method is not spelled as any library spells it");
    }
    let family = if is_ldap(stored) {
        "LDAP"
    } else if is_mysql(stored) {
        "MySQL PASSWORD()"
    } else if is_modular(stored) {
        "modular crypt, of a scheme that is not known"
    } else if is_method_salt_digest(stored) {
        "method, salt and digest, of a method that is not known"
    } else {
        return HashFormatError::Unknown;
    };
    HashFormatError::refused(family)
}

/// `{SSHA}…`
fn is_ldap(stored: &str) -> bool {
    stored
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'))
        .is_some_and(|(name, rest)| is_name(name) && rest.len() >= LEAST_CHARS)
}

/// `*` and 40 upper-case hexadecimal digits.
fn is_mysql(stored: &str) -> bool {
    stored.strip_prefix('*').is_some_and(|rest| {
        rest.len() == 40
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
    })
}

/// `$name$…`, and then as much as a hash has.
fn is_modular(stored: &str) -> bool {
    stored
        .strip_prefix('$')
        .and_then(|rest| rest.split_once('$'))
        .is_some_and(|(name, rest)| is_name(name) && rest.len() >= LEAST_CHARS)
}

/// `method$salt$hexadecimal`, as Werkzeug and Django wrote it with any digest of `hashlib`.
fn is_method_salt_digest(stored: &str) -> bool {
    let mut fields = stored.split('$');
    let (Some(method), Some(_), Some(hash), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return false;
    };
    let name = method.split(':').next().unwrap_or_default();
    is_name(name) && hash.len() >= 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_no_hashes() {
        for password in [
            "secret",
            "$",
            "$$",
            "$$$",
            "p$a$b",
            "$ecret$",
            "{curly}",
            "*",
            "*star",
            "!wow",
            "a:b$c$d",
            "correct horse battery staple",
            "<script>$a$b",
        ] {
            assert_eq!(refusal(password), HashFormatError::Unknown, "{password}");
        }
    }

    #[test]
    fn hashes_of_other_programs_are_recognised() {
        for hash in [
            "$1$Exv.3/K0$cvIdrBDgVjoXjeIADovof1",
            "$apr1$Mbl4sHrh$CCguD9m/PFtt6KsDrTQD90",
            "$P$984478476IagS59wHZvyQMArzfx58u.",
            "{SSHA}4zTJDJpLifzoMKGWL6hO/XakNZrknDMG",
            "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
            "$argon9$v=1$aaaaaaaaaaaaaaaaaaaa",
            "argon9:1$YjSVATsIytVhXwiz$78238362a4cc756cbbe9d81b65074394",
            "sha3_256$salt$78238362a4cc756cbbe9d81b65074394b55d7f3f5b28021891eaa8dd2045b987",
        ] {
            assert!(
                matches!(refusal(hash), HashFormatError::Unsupported { .. }),
                "{hash}"
            );
        }
    }

    #[test]
    fn known_methods_in_another_spelling_are_corrupt() {
        for hash in [
            "",
            "  ",
            "$ARGON2ID$v=19",
            " pbkdf2:sha256:1$a$b",
            "PBKDF2:sha256:1$a$b",
            "$2B$12$x",
            "Plain$$secret",
        ] {
            assert!(
                matches!(refusal(hash), HashFormatError::Corrupt { .. }),
                "{hash}"
            );
        }
    }
}
