//! The end of a chunked body (RFC 9112 section 7.1), followed beside the parser
//! that decodes it.

/// Longest chunk-size line with its extensions, which nobody here reads.
const MAX_SIZE_LINE: usize = 256;
/// Most trailer bytes.
const MAX_TRAILER: usize = 8_192;

/// Where in a chunked body the stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunked {
    state: State,
    /// Bytes of the current line, or of the trailer.
    line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size { size: u64, digits: u8 },
    Extension { size: u64 },
    SizeFeed { size: u64 },
    Data { left: u64 },
    DataReturn,
    DataFeed,
    TrailerStart,
    Trailer,
    TrailerFeed,
    LastFeed,
    End,
}

/// Broken framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadChunk;

impl Chunked {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Size { size: 0, digits: 0 },
            line: 0,
        }
    }

    pub(crate) fn is_at_end(self) -> bool {
        self.state == State::End
    }

    /// Follows the body through `bytes` and returns how many of them belong to
    /// it.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<usize, BadChunk> {
        let mut rest = bytes;
        while !self.is_at_end() {
            if let State::Data { left } = &mut self.state {
                let here = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                *left -= here as u64;
                if *left == 0 {
                    self.state = State::DataReturn;
                }
                rest = rest.get(here..).unwrap_or_default();
            }
            let Some((&byte, after)) = rest.split_first() else {
                break;
            };
            rest = after;
            self.step(byte)?;
        }
        Ok(bytes.len() - rest.len())
    }

    fn step(&mut self, byte: u8) -> Result<(), BadChunk> {
        self.line += 1;
        self.state = match (self.state, byte) {
            (State::Size { size, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F')
                if digits < 15 =>
            {
                let digit = char::from(byte).to_digit(16).ok_or(BadChunk)?;
                State::Size {
                    size: size * 16 + u64::from(digit),
                    digits: digits + 1,
                }
            }
            (State::Size { size, digits: 1.. } | State::Extension { size }, b'\r') => {
                State::SizeFeed { size }
            }
            (State::Size { size, digits: 1.. }, b';') => State::Extension { size },
            (State::Extension { size }, b'\t' | b' '..)
                if byte != 0x7f && self.line < MAX_SIZE_LINE =>
            {
                State::Extension { size }
            }
            (State::SizeFeed { size: 0 } | State::TrailerFeed, b'\n') => State::TrailerStart,
            (State::SizeFeed { size }, b'\n') => State::Data { left: size },
            (State::DataReturn, b'\r') => State::DataFeed,
            (State::DataFeed, b'\n') => {
                self.line = 0;
                State::Size { size: 0, digits: 0 }
            }
            (State::TrailerStart, b'\r') => State::LastFeed,
            (State::LastFeed, b'\n') => State::End,
            (State::Trailer, b'\r') => State::TrailerFeed,
            (State::TrailerStart, b'!'..) | (State::Trailer, b'\t' | b' '..)
                if self.line < MAX_TRAILER =>
            {
                State::Trailer
            }
            _ => return Err(BadChunk),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_end_is_found_whatever_the_pieces_are() {
        let body = b"3;x=y\r\n{\r\n\r\n0A\r\n0123456789\r\n000\r\nX: y\r\n\r\nGET /";
        let end = body.len() - "GET /".len();
        for piece in 1..=body.len() {
            let mut chunked = Chunked::new();
            let mut taken = 0;
            for part in body.chunks(piece) {
                taken += chunked.advance(part).unwrap();
            }
            assert_eq!((taken, chunked.is_at_end()), (end, true), "{piece}");
        }
    }

    #[test]
    fn broken_framing_is_refused() {
        for body in [
            "x\r\n",
            "\r\n",
            "-1\r\n",
            "0x1\r\na\r\n",
            " 1\r\na\r\n",
            "1 \r\na\r\n",
            "1\na\r\n",
            "1\r\nab\r\n",
            "1\r\na\n",
            "1;\n\r\na",
            "ffffffffffffffff\r\n",
            "0\r\n\n",
            "0\r\nX: y\n\r\n",
            "0\r\n folded\r\n\r\n",
        ] {
            assert_eq!(
                Chunked::new().advance(body.as_bytes()),
                Err(BadChunk),
                "{body:?}"
            );
        }
        let long = format!("1;{}\r\na\r\n", "x".repeat(300));
        assert_eq!(Chunked::new().advance(long.as_bytes()), Err(BadChunk));
        let endless = format!("0\r\nX: {}", "x".repeat(9_000));
        assert_eq!(Chunked::new().advance(endless.as_bytes()), Err(BadChunk));
    }

    proptest! {
        #[test]
        fn any_bytes_are_followed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            if let Ok(taken) = Chunked::new().advance(&bytes) {
                prop_assert!(taken <= bytes.len());
            }
        }
    }
}
