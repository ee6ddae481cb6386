//! Whether the stored texts in no known form were typed by people.

/// What all texts in no known form have in common. Hashing a hash of an unknown kind would lose it, so one text that
/// nobody types speaks against them all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PlainText {
    texts: u64,
    untyped: u64,
    shortest: usize,
    longest: usize,
}

impl PlainText {
    /// From here on a text without a space is rather a digest.
    const LONG: usize = 32;
    /// Hexadecimal digits of a short digest (MySQL's old password hash).
    const SHORT_DIGEST: usize = 16;
    /// As many texts of exactly the same length, this long or longer, are no coincidence (crypt of DES: 13 characters).
    const SAME: (u64, usize) = (3, 12);

    pub(super) fn add(&mut self, text: &str) {
        let chars = text.chars().count();
        let is_digest = chars >= Self::LONG && !text.contains(char::is_whitespace)
            || chars >= Self::SHORT_DIGEST && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            || text.split('$').filter(|part| !part.is_empty()).count() > 2;
        self.untyped += u64::from(is_digest);
        self.shortest = if self.texts == 0 {
            chars
        } else {
            self.shortest.min(chars)
        };
        self.longest = self.longest.max(chars);
        self.texts += 1;
    }

    /// Whether there are such texts, and nothing speaks against their being passwords.
    pub(super) fn was_typed(&self) -> bool {
        let (many, length) = Self::SAME;
        let alike = self.texts >= many && self.shortest == self.longest && self.shortest >= length;
        self.texts > 0 && self.untyped == 0 && !alike
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(texts: &[&str]) -> bool {
        let mut found = PlainText::default();
        for text in texts {
            found.add(text);
        }
        found.was_typed()
    }

    #[test]
    fn passwords_are_told_from_hashes_of_an_unknown_kind() {
        assert!(typed(&[
            "alice123",
            "correct horse battery staple, and some more"
        ]));
        assert!(typed(&["short", "pa$$", "0123456789abcde"]));
        assert!(!typed(&["alice123", "a$b$c"]));
        assert!(!typed(&["alice123", "0123456789abcdef"]));
        assert!(!typed(&["alice123", &"x".repeat(32)]));
        assert!(!typed(&["rl0uE0wW6Lk5g", "aa.3xXw9kQz0s", "bb/3xXw9kQz0s"]));
        assert!(!typed(&[]));
    }
}
