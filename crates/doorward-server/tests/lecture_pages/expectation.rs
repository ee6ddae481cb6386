//! What an answer block demands of an answer.

use crate::http::Answer;
use crate::json;
use crate::pattern::{Captured, Dots, matches};

/// An answer block, read.
#[derive(Debug)]
pub(crate) struct Expectation {
    status_line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Expectation {
    /// Reads status line, headers and body. Without a blank line the body is
    /// empty.
    ///
    /// # Errors
    /// A header line without a colon.
    pub(crate) fn parse(block: &str) -> Result<Self, String> {
        let (head, body) = block.split_once("\n\n").unwrap_or((block, ""));
        let mut lines = head.lines();
        let status_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .map(|line| match line.split_once(':') {
                Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
                None => Err(format!("header without a colon: {line}")),
            })
            .collect::<Result<_, String>>()?;
        Ok(Self {
            status_line,
            headers,
            body: body.trim_end_matches('\n').to_owned(),
        })
    }

    /// Compares, and adds what the placeholders captured.
    ///
    /// # Errors
    /// The first difference.
    pub(crate) fn check(&self, answer: &Answer, captured: &mut Captured) -> Result<(), String> {
        if answer.status_line != self.status_line {
            return Err(format!("status line is not {}", self.status_line));
        }
        for (name, value) in &self.headers {
            let present = answer
                .values(name)
                .any(|actual| matches(value, actual, Dots::Wildcard, captured));
            if !present {
                return Err(format!("no header {name}: {value}"));
            }
        }
        let same = json::same(&self.body, &answer.body, captured)
            .unwrap_or_else(|| self.body == answer.body);
        if same {
            Ok(())
        } else {
            Err(format!("body is not\n{}", self.body))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "HTTP/1.1 200 OK\nContent-Type: text/plain\nSet-Cookie: session={{cookie}}; ...\n\nhello";

    fn check(raw: &str) -> Result<Captured, String> {
        let answer = Answer::parse(raw.as_bytes(), true)?;
        let mut captured = Captured::new();
        Expectation::parse(PAGE)?.check(&answer, &mut captured)?;
        Ok(captured)
    }

    #[test]
    fn a_header_may_repeat_and_others_may_be_there() {
        let captured = check(
            "HTTP/1.1 200 OK\r\nSet-Cookie: other=1; Path=/\r\ncontent-type: text/plain\r\n\
             set-cookie: session=abc; Path=/\r\n\r\nhello",
        )
        .unwrap();
        assert_eq!(captured["cookie"], "abc");
    }

    #[test]
    fn a_changed_answer_is_noticed() {
        let good = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\
                    Set-Cookie: session=abc; Path=/\r\n\r\nhello";
        check(good).unwrap();
        for (from, to) in [
            ("200 OK", "201 Created"),
            ("text/plain", "text/html"),
            ("Content-Type", "X-Content-Type"),
            ("session=abc", "session="),
            ("\r\n\r\nhello", "\r\n\r\nhello\n"),
            ("\r\n\r\nhello", "\r\n\r\n"),
        ] {
            assert!(check(&good.replace(from, to)).is_err(), "{from} -> {to}");
        }
    }
}
