//! Common passwords, looked up in a sorted text.

/// A list of common passwords, searched in place: no index, no allocation, no start-up cost.
///
/// The embedded one is the union of Django's and zxcvbn's lists, entries of 8 code points and
/// more; `blocklist.LICENSES.md` beside it has the provenance.
#[derive(Debug, Clone, Copy)]
pub struct Blocklist {
    /// Lower-case entries in byte order, each followed by a newline.
    sorted: &'static str,
}

impl Blocklist {
    /// The list that is compiled in (ASVS 6.2.4: at least the top 3000 that match the policy).
    #[must_use]
    pub const fn embedded() -> Self {
        Self {
            sorted: include_str!("blocklist.txt"),
        }
    }

    /// A list without an entry.
    #[must_use]
    pub const fn empty() -> Self {
        Self { sorted: "" }
    }

    /// Whether the whole of `lowered`, which the caller has lower-cased, is an entry.
    ///
    /// Not in constant time: the list is public, and only passwords about to be set are looked
    /// up.
    #[must_use]
    pub fn contains(&self, lowered: &str) -> bool {
        let mut rest = self.sorted;
        while !rest.is_empty() {
            let Some((before, entry, after)) = split_at_middle_line(rest) else {
                return false;
            };
            match entry.cmp(lowered) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => rest = after,
                std::cmp::Ordering::Greater => rest = before,
            }
        }
        false
    }

    /// The entries, in byte order.
    pub fn entries(&self) -> impl Iterator<Item = &'static str> {
        self.sorted.lines()
    }
}

/// The line around the middle byte, and what lies before and after it.
fn split_at_middle_line(text: &str) -> Option<(&str, &str, &str)> {
    let bytes = text.as_bytes();
    // A newline that is the middle byte itself ends the line sought.
    let start = bytes
        .get(..bytes.len() / 2)?
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |newline| newline + 1);
    let (before, from_entry) = text.split_at_checked(start)?;
    let (entry, after) = from_entry.split_once('\n').unwrap_or((from_entry, ""));
    Some((before, entry, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_list_is_sorted_lower_case_and_without_duplicates() {
        let entries: Vec<_> = Blocklist::embedded().entries().collect();
        assert!(entries.len() > 16_000, "{}", entries.len());
        assert!(entries.is_sorted_by(|a, b| a < b));
        for entry in entries {
            assert_eq!(entry, entry.to_lowercase());
            assert!(entry.chars().count() >= 8, "{entry}");
        }
    }

    #[test]
    fn every_entry_is_found() {
        let list = Blocklist::embedded();
        for entry in list.entries() {
            assert!(list.contains(entry), "{entry}");
        }
    }

    #[test]
    fn parts_and_extensions_of_entries_are_not_found() {
        let list = Blocklist::embedded();
        for word in [
            "",
            "passwor",
            "password\n",
            "password\npassword",
            "\u{0}",
            "zzzzzzzzzzzzzzzzz",
        ] {
            assert!(!list.contains(word), "{word:?}");
        }
        for entry in list.entries() {
            let longer = format!("{entry}\u{1}");
            assert!(!list.contains(&longer), "{longer:?}");
        }
    }

    #[test]
    fn small_lists_are_searched_to_their_ends() {
        let list = Blocklist {
            sorted: "a\nbb\nccc\n",
        };
        assert!(list.contains("a") && list.contains("bb") && list.contains("ccc"));
        assert!(!list.contains("") && !list.contains("b") && !list.contains("d"));
        assert!(!Blocklist { sorted: "" }.contains("a"));
    }
}
