//! Texts with holes: `{{name}}` captures, `...` matches anything.

use std::collections::BTreeMap;

/// Values captured on a page so far, by name.
pub(crate) type Captured = BTreeMap<String, String>;

/// Whether `...` inside a text is a hole or three full stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dots {
    /// Any text, the empty one too.
    Wildcard,
    /// Themselves.
    Literal,
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Anything,
    Capture(&'a str),
}

/// Puts captured values in place of `{{name}}`.
///
/// # Errors
/// A name that no earlier answer captured.
pub(crate) fn substitute(text: &str, captured: &Captured) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text, Dots::Literal) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Anything => {}
            Piece::Capture(name) => match captured.get(name) {
                Some(value) => out.push_str(value),
                None => return Err(format!("no answer above captured {{{{{name}}}}}")),
            },
        }
    }
    Ok(out)
}

/// Whether `actual` has the form of `expected`; adds what the holes captured.
/// A capture is never empty.
pub(crate) fn matches(expected: &str, actual: &str, dots: Dots, captured: &mut Captured) -> bool {
    let mut found = Captured::new();
    let fits = match_pieces(&pieces(expected, dots), actual, &mut found);
    if fits {
        captured.append(&mut found);
    }
    fits
}

fn match_pieces(pieces: &[Piece<'_>], rest: &str, found: &mut Captured) -> bool {
    let Some((first, later)) = pieces.split_first() else {
        return rest.is_empty();
    };
    match first {
        Piece::Text(text) => rest
            .strip_prefix(text)
            .is_some_and(|rest| match_pieces(later, rest, found)),
        Piece::Anything | Piece::Capture(_) => {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            for end in ends {
                let (hole, rest) = rest.split_at(end);
                if matches!(first, Piece::Capture(_)) && hole.is_empty() {
                    continue;
                }
                if match_pieces(later, rest, found) {
                    if let Piece::Capture(name) = first {
                        found.insert((*name).to_owned(), hole.to_owned());
                    }
                    return true;
                }
            }
            false
        }
    }
}

fn pieces(mut text: &str, dots: Dots) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while !text.is_empty() {
        let brace = text
            .find("{{")
            .and_then(|at| text[at..].find("}}").map(|length| (at, at + length)));
        let dot = match dots {
            Dots::Wildcard => text.find("..."),
            Dots::Literal => None,
        };
        let (start, end, hole) = match (brace, dot) {
            (Some((from, to)), dot) if dot.is_none_or(|dot| from < dot) => {
                (from, to + 2, Piece::Capture(&text[from + 2..to]))
            }
            (_, Some(dot)) => (dot, dot + 3, Piece::Anything),
            _ => (text.len(), text.len(), Piece::Text("")),
        };
        if start > 0 {
            pieces.push(Piece::Text(&text[..start]));
        }
        if end > start {
            pieces.push(hole);
        }
        text = &text[end..];
    }
    pieces
}

#[test]
fn a_capture_takes_what_stands_in_its_place() {
    let mut captured = Captured::new();
    let cookie = "session={{cookie}}; HttpOnly; Path=/";
    assert!(matches(
        cookie,
        "session=a.b; HttpOnly; Path=/",
        Dots::Wildcard,
        &mut captured
    ));
    assert_eq!(captured["cookie"], "a.b");
    for other in [
        "session=; HttpOnly; Path=/",
        "session=a; Path=/",
        "sessions=a; HttpOnly; Path=/",
        "session=a; HttpOnly; Path=/x",
    ] {
        assert!(
            !matches(cookie, other, Dots::Wildcard, &mut captured),
            "{other}"
        );
    }
    assert_eq!(captured["cookie"], "a.b");
}

#[test]
fn dots_match_anything_only_where_they_are_a_wildcard() {
    let mut none = Captured::new();
    assert!(matches("a...c", "abc", Dots::Wildcard, &mut none));
    assert!(matches("...POST...", "POST", Dots::Wildcard, &mut none));
    assert!(!matches("a...c", "abd", Dots::Wildcard, &mut none));
    assert!(!matches("a...c", "abc", Dots::Literal, &mut none));
}

#[test]
fn a_request_gets_the_captured_values() {
    let captured = Captured::from([("token".to_owned(), "t".to_owned())]);
    assert_eq!(
        substitute("Bearer {{token}}x", &captured).unwrap(),
        "Bearer tx"
    );
    assert!(substitute("Bearer {{other}}", &captured).is_err());
}
