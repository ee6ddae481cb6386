//! Reads the request and answer blocks out of a page.

use crate::expectation::Expectation;

/// The exchanges of one page, in page order.
#[derive(Debug)]
pub(crate) struct Page {
    /// What is sent and what must come back.
    pub(crate) exchanges: Vec<Exchange>,
}

/// A request block and the answer block that follows it.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Line of the request block's fence, counted from 1.
    pub(crate) line: usize,
    /// The request block as written, placeholders included.
    pub(crate) request: String,
    /// What the answer block demands.
    pub(crate) expected: Expectation,
}

impl Page {
    /// Pairs the `http` blocks of `markdown`.
    ///
    /// # Errors
    /// A block that is not closed, a request without an answer, an answer
    /// without a request, or an answer that cannot be read; as `line: reason`.
    pub(crate) fn parse(markdown: &str) -> Result<Self, String> {
        let mut exchanges = Vec::new();
        let mut open: Option<(usize, String)> = None;
        for (line, block) in http_blocks(markdown)? {
            let is_answer = block.starts_with("HTTP/");
            open = match (open, is_answer) {
                (None, false) => Some((line, block)),
                (Some((line_of_request, request)), true) => {
                    let expected =
                        Expectation::parse(&block).map_err(|why| format!("{line}: {why}"))?;
                    exchanges.push(Exchange {
                        line: line_of_request,
                        request,
                        expected,
                    });
                    None
                }
                (Some((line, _)), false) => return Err(format!("{line}: request without answer")),
                (None, true) => return Err(format!("{line}: answer without request")),
            };
        }
        match open {
            Some((line, _)) => Err(format!("{line}: request without answer")),
            None => Ok(Self { exchanges }),
        }
    }
}

/// The text of every block fenced as `http`, with the line of its fence.
fn http_blocks(markdown: &str) -> Result<Vec<(usize, String)>, String> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, bool, Vec<&str>)> = None;
    for (index, line) in markdown.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((index + 1, language.trim() == "http", vec![])),
            (None, None) => {}
            (Some((_, _, lines)), None) => lines.push(line),
            (Some((start, is_http, lines)), Some(_)) => {
                if *is_http {
                    blocks.push((*start, lines.join("\n")));
                }
                open = None;
            }
        }
    }
    match open {
        Some((line, ..)) => Err(format!("{line}: block is not closed")),
        None => Ok(blocks),
    }
}

#[test]
fn only_http_blocks_are_exchanges() {
    let page = Page::parse(
        "text\n```sh\nls\n```\n```http\nGET /a\n```\nthen\n```http\nHTTP/1.1 200 OK\n\nhello\n```\n",
    )
    .unwrap();
    assert_eq!(page.exchanges.len(), 1);
    assert_eq!(page.exchanges[0].line, 5);
    assert_eq!(page.exchanges[0].request, "GET /a");
}

#[test]
fn a_request_must_have_an_answer() {
    let request = "```http\nGET /a\n```\n";
    let answer = "```http\nHTTP/1.1 200 OK\n```\n";
    for (markdown, line) in [
        (request.to_owned(), "1: "),
        (format!("{request}{request}{answer}"), "1: "),
        (answer.to_owned(), "1: "),
        (format!("{request}{answer}{answer}"), "7: "),
        ("```http\nGET /a\n".to_owned(), "1: "),
    ] {
        let why = Page::parse(&markdown).unwrap_err();
        assert!(why.starts_with(line), "{markdown:?}: {why}");
    }
}
