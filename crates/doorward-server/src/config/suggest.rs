//! "Did you mean …": the known name nearest to a mistyped one.

/// The candidate with the smallest edit distance to `name`, when a third of
/// the name or less would have to change.
#[must_use]
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance: insertions, deletions, replacements and
/// swaps of neighbours count one each.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut left_previous = None;
    for (row, left_char) in left.chars().enumerate() {
        let mut current = Vec::with_capacity(last.len());
        current.push(row + 1);
        let mut right_previous = None;
        for (column, right_char) in right.iter().copied().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX);
            let mut cost = (at(&last, column) + usize::from(left_char != right_char))
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            let swapped = left_previous == Some(right_char) && right_previous == Some(left_char);
            if swapped && let Some(index) = column.checked_sub(1) {
                cost = cost.min(at(&before_last, index).saturating_add(1));
            }
            current.push(cost);
            right_previous = Some(right_char);
        }
        left_previous = Some(left_char);
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn distances_are_counted_as_typing_slips() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("listen", "listen", 0),
            ("lisen", "listen", 1),
            ("lsiten", "listen", 1),
            ("ca", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn a_name_far_from_everything_gets_no_suggestion() {
        assert_eq!(nearest("colour", ["listen", "db.url"]), None);
        assert_eq!(nearest("db.ulr", ["listen", "db.url"]), Some("db.url"));
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_bounded(left in ".{0,12}", right in ".{0,12}") {
            let there = distance(&left, &right);
            prop_assert_eq!(there, distance(&right, &left));
            prop_assert!(there <= left.chars().count().max(right.chars().count()));
        }
    }
}
