use super::*;
use proptest::prelude::*;

const LIMITS: HeadLimits = HeadLimits {
    bytes: 512,
    fields: 4,
    target: 64,
};

fn read(text: &str) -> Result<Option<BodyFraming>, Refusal> {
    find(text.as_bytes(), 0, LIMITS).map(|head| head.map(|head| head.body))
}

#[test]
fn a_head_tells_its_length_and_its_body() {
    let text = "GET /a?b=%20 HTTP/1.1\r\nHost: x\r\n\r\nrest";
    let head = find(text.as_bytes(), 0, LIMITS).unwrap().unwrap();
    assert_eq!(head.len, text.len() - "rest".len());
    assert_eq!(head.body, BodyFraming::Length(0));
    let text = "POST / HTTP/1.1\r\nhost: x\r\nCONTENT-LENGTH: 12 \r\n\r\n";
    assert_eq!(read(text), Ok(Some(BodyFraming::Length(12))));
    let text = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n";
    assert_eq!(read(text), Ok(Some(BodyFraming::Chunked)));
    assert_eq!(
        read("GET / HTTP/1.0\r\n\r\n"),
        Ok(Some(BodyFraming::Length(0)))
    );
}

#[test]
fn what_two_servers_could_read_differently_is_refused() {
    for fields in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: \r\n",
        "Content-Length: 9999999999999999999999\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Host: y\r\n",
        "X: a\n",
        "X: a\rb\r\n",
        "X: a\0b\r\n",
        "X: a\u{7f}b\r\n",
        "X: a\r\n folded\r\n",
        "X: a\r\n\tfolded\r\n",
        "no colon\r\n",
        ": no name\r\n",
        "na me: x\r\n",
    ] {
        let text = format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        assert_eq!(read(&text), Err(Refusal::Malformed), "{fields:?}");
    }
    for text in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\nHost: x\n\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\n",
        "GET / HTTP/1.1\r\nHost: x\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / a HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /\r\nHost: x\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /<a> HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "\x16\x03\x01",
        " GET",
    ] {
        assert_eq!(read(text), Err(Refusal::Malformed), "{text:?}");
    }
}

#[test]
fn sizes_are_limited_before_the_end_is_there() {
    let target = "a".repeat(64);
    let long = format!("GET /{target} HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(read(&long), Err(Refusal::TargetTooLong));
    let endless = "GET /".to_owned() + &"a".repeat(600);
    assert_eq!(read(&endless), Err(Refusal::TargetTooLong));
    let large = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", "a".repeat(600));
    assert_eq!(read(&large), Err(Refusal::TooLarge));
    assert_eq!(read(&format!("{large}\r\n\r\n")), Err(Refusal::TooLarge));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: a\r\n".repeat(4));
    assert_eq!(read(&many), Err(Refusal::TooLarge));
}

#[test]
fn other_versions_are_named() {
    let text = "GET / HTTP/2.0\r\nHost: x\r\n\r\n";
    assert_eq!(read(text), Err(Refusal::Version));
    assert_eq!(
        read("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Err(Refusal::Version)
    );
}

proptest! {
    /// Answers GHSA-qcxq-75wr-5cm8.
    #[test]
    fn any_bytes_are_a_head_none_yet_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        searched in 0_usize..400,
    ) {
        let _ = find(&bytes, searched, LIMITS);
    }

    /// However a head is cut into pieces, it ends at the same place.
    #[test]
    fn pieces_do_not_change_the_end(cut in 1_usize..60) {
        let text = "POST /abc HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        let whole = find(text.as_bytes(), 0, LIMITS).unwrap().unwrap();
        let mut searched = 0;
        let mut seen = cut.min(text.len());
        loop {
            match find(&text.as_bytes()[..seen], searched, LIMITS).unwrap() {
                Some(head) => {
                    prop_assert_eq!(head, whole);
                    break;
                }
                None => prop_assert!(seen < whole.len),
            }
            searched = seen;
            seen = (seen + cut).min(text.len());
        }
    }
}

#[test]
fn a_line_feed_is_found_at_every_place() {
    assert_eq!(line_feed(b""), None);
    for len in 1..100 {
        let mut bytes = vec![b'x'; len];
        assert_eq!(line_feed(&bytes), None);
        for place in (0..len).rev() {
            bytes[place] = b'\n';
            assert_eq!(line_feed(&bytes), Some(place), "{len} {place}");
        }
    }
}
