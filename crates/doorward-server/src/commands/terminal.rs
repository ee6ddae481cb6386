//! Text for a terminal: columns, and what came from outside without its control characters.

use std::fmt::Write as _;

/// `text` with control characters as `\u001b` and the like: a name or a claim must not move the cursor.
#[must_use]
pub fn visible(text: &str) -> String {
    escaped(text, |_| false)
}

/// As [`visible`], but lines stay lines.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    escaped(text, |c| c == '\n')
}

fn escaped(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        // Bidirectional controls let a text be read in another order than it is in.
        let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if (c.is_control() || reorders) && !keep(c) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Rows in columns as wide as their longest cell, with two spaces between and none at the end of a line.
#[must_use]
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..count)
        .map(|at| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            cells
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let start = text.len();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{cell:width$}  ");
        }
        text.truncate(start + text.get(start..).map_or(0, |line| line.trim_end().len()));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(visible("a\u{1b}[2Jb\u{9b}\n"), "a\\u001b[2Jb\\u009b\\u000a");
        assert_eq!(visible("x\u{202e}y"), "x\\u202ey");
        assert_eq!(visible_lines("a\r\nb"), "a\\u000d\nb");
        assert_eq!(visible("Zoë 漢"), "Zoë 漢");
    }

    #[test]
    fn columns_are_as_wide_as_their_longest_cell() {
        let rows = [["id", "name", "x"], ["1", "é", ""]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(&rows), "id  name  x\n1   é\n");
    }
}
