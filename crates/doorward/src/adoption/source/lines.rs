//! The lines of a file, each with its number, none longer than a bound.

use std::io::{self, BufRead};

/// The longest line, and the longest record over several lines, in bytes.
pub(crate) const LONGEST: usize = 64 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// The buffer holds it, with its line end.
    Whole,
    /// It is longer than [`LONGEST`]; the buffer holds its beginning.
    TooLong,
}

/// Reads line after line.
pub(crate) struct Lines<R> {
    input: R,
    number: i64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            number: 0,
            bytes: 0,
        }
    }

    /// The number of the line that was read last, from 1.
    pub(crate) fn number(&self) -> i64 {
        self.number
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line into `buffer`; `None` at the end of the file.
    pub(crate) fn next(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Line>> {
        buffer.clear();
        let mut line = None;
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(available.len(), |at| at + 1);
            let room = LONGEST.saturating_sub(buffer.len());
            buffer.extend(available.iter().take(length.min(room)));
            line = Some(match line {
                Some(Line::TooLong) => Line::TooLong,
                _ if length > room => Line::TooLong,
                _ => Line::Whole,
            });
            self.input.consume(length);
            self.bytes += length as u64;
            if end.is_some() {
                break;
            }
        }
        if line.is_some() {
            self.number += 1;
            if self.number == 1 && buffer.starts_with(BYTE_ORDER_MARK) {
                buffer.drain(..BYTE_ORDER_MARK.len());
            }
        }
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlong_line_is_cut_and_the_next_one_is_whole() {
        let text = [
            b"\xef\xbb\xbfa\r\n".to_vec(),
            vec![b'x'; LONGEST + 1],
            b"\nb".to_vec(),
        ]
        .concat();
        // A small buffer, so that lines span several reads.
        let mut lines = Lines::new(io::BufReader::with_capacity(7, &text[..]));
        let mut buffer = Vec::new();
        assert_eq!(lines.next(&mut buffer).unwrap(), Some(Line::Whole));
        assert_eq!(buffer, b"a\r\n");
        assert_eq!(lines.next(&mut buffer).unwrap(), Some(Line::TooLong));
        assert_eq!(buffer.len(), LONGEST);
        assert_eq!(lines.next(&mut buffer).unwrap(), Some(Line::Whole));
        assert_eq!((buffer.as_slice(), lines.number()), (&b"b"[..], 3));
        assert_eq!(lines.next(&mut buffer).unwrap(), None);
        assert_eq!(lines.bytes(), text.len() as u64);
    }
}
