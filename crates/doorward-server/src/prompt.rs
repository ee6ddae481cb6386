//! Reading passwords: twice from a terminal without echo, or one line from
//! standard input. Never from an argument.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;

use thiserror::Error;
use zeroize::Zeroizing;

/// The longest password in bytes (as long as the longest a login accepts).
pub const LONGEST_PASSWORD: usize = 4096;

/// Why no password could be read.
#[derive(Debug, Error)]
pub enum PromptError {
    /// Nobody to ask.
    #[error(
        "there is no terminal to ask for a password on\npipe the password in and add --password-stdin"
    )]
    NoTerminal,
    /// The two entries differ.
    #[error("the two passwords differ\nrun the command again and type the same password twice")]
    Mismatch,
    /// Nothing was typed or piped in.
    #[error("the password is empty\ntype one, or pipe one line into --password-stdin")]
    Empty,
    /// More than [`LONGEST_PASSWORD`] bytes.
    #[error("the password is longer than 4096 bytes\nchoose a shorter one")]
    TooLong,
    /// Not text.
    #[error("the password is not UTF-8\nsave it as UTF-8 and pipe it in again")]
    NotUtf8,
    /// The terminal or standard input failed.
    #[error("cannot read the password: {0}\ntry again, or pipe it into --password-stdin")]
    Io(#[from] io::Error),
}

/// How a password reaches a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordSource {
    /// Asked for on the terminal.
    Prompt,
    /// One line of standard input.
    Stdin,
}

impl PasswordSource {
    /// The source that `--password-stdin` chooses.
    #[must_use]
    pub fn from_flag(password_stdin: bool) -> Self {
        if password_stdin {
            Self::Stdin
        } else {
            Self::Prompt
        }
    }

    /// Reads a new password: asked for twice on a terminal, once from standard
    /// input.
    ///
    /// # Errors
    /// [`PromptError`] says what to do.
    pub fn read_new(self) -> Result<Zeroizing<String>, PromptError> {
        match self {
            Self::Prompt => {
                require_terminal()?;
                ask_twice(ask)
            }
            Self::Stdin => read_stdin(),
        }
    }
}

fn require_terminal() -> Result<(), PromptError> {
    if io::stdin().is_terminal() {
        Ok(())
    } else {
        Err(PromptError::NoTerminal)
    }
}

fn ask(question: &str) -> io::Result<Zeroizing<String>> {
    rpassword::prompt_password(question).map(Zeroizing::new)
}

/// Asks for a password until the end of the second line.
fn ask_twice(
    mut ask: impl FnMut(&str) -> io::Result<Zeroizing<String>>,
) -> Result<Zeroizing<String>, PromptError> {
    let first = ask("Password: ")?;
    if first.is_empty() {
        return Err(PromptError::Empty);
    }
    if first.len() > LONGEST_PASSWORD {
        return Err(PromptError::TooLong);
    }
    // Both come from the same person: nothing is learnt from the time it takes.
    if *ask("Again: ")? == *first {
        Ok(first)
    } else {
        Err(PromptError::Mismatch)
    }
}

fn read_stdin() -> Result<Zeroizing<String>, PromptError> {
    // A descriptor of our own: the buffer of `io::stdin()` would keep a copy
    // of the password that nobody wipes.
    let descriptor = io::stdin().as_fd().try_clone_to_owned()?;
    read_line(File::from(descriptor))
}

/// Reads one line, byte by byte and no further. One line end (`\n` or `\r\n`)
/// is dropped; spaces stay.
///
/// # Errors
/// [`PromptError`] when the line is empty, too long or not UTF-8.
pub fn read_line(mut input: impl Read) -> Result<Zeroizing<String>, PromptError> {
    // Room for the longest line with its end, so that the buffer never moves
    // and leaves a copy behind.
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_PASSWORD + 2));
    let mut byte = Zeroizing::new([0_u8; 1]);
    loop {
        match input.read(byte.as_mut_slice()) {
            Ok(0) => break,
            Ok(_) if byte.first() == Some(&b'\n') => {
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                break;
            }
            Ok(_) => line.extend_from_slice(byte.as_slice()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        if line.len() > LONGEST_PASSWORD + 1 {
            return Err(PromptError::TooLong);
        }
    }
    if line.is_empty() {
        return Err(PromptError::Empty);
    }
    if line.len() > LONGEST_PASSWORD {
        return Err(PromptError::TooLong);
    }
    String::from_utf8(std::mem::take(&mut *line))
        .map(Zeroizing::new)
        .map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            PromptError::NotUtf8
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(input: &[u8]) -> String {
        read_line(input).unwrap().to_string()
    }

    #[test]
    fn one_line_is_read_and_only_its_end_is_dropped() {
        assert_eq!(line(b"pass word \nnext\n"), "pass word ");
        assert_eq!(line(b"\tpass\r\n"), "\tpass");
        assert_eq!(line(b"pass"), "pass");
        assert_eq!(line(b"pa\rss\n"), "pa\rss");
    }

    #[test]
    fn the_rest_of_the_input_stays_unread() {
        let mut input: &[u8] = b"first\nsecond\n";
        read_line(&mut input).unwrap();
        assert_eq!(input, b"second\n");
    }

    #[test]
    fn an_empty_a_too_long_and_a_binary_line_are_refused() {
        assert!(matches!(read_line(&b""[..]), Err(PromptError::Empty)));
        assert!(matches!(read_line(&b"\n"[..]), Err(PromptError::Empty)));
        assert!(matches!(read_line(&b"\r\n"[..]), Err(PromptError::Empty)));
        assert!(matches!(
            read_line(&b"\xff\n"[..]),
            Err(PromptError::NotUtf8)
        ));
        assert!(matches!(
            read_line(io::repeat(b'a')),
            Err(PromptError::TooLong)
        ));
        let longest = vec![b'a'; LONGEST_PASSWORD];
        assert_eq!(
            line(&[&longest[..], b"\r\n"].concat()).len(),
            LONGEST_PASSWORD
        );
        let longer = vec![b'a'; LONGEST_PASSWORD + 1];
        assert!(matches!(read_line(&longer[..]), Err(PromptError::TooLong)));
    }

    fn answers(texts: [&str; 2]) -> Result<Zeroizing<String>, PromptError> {
        let mut texts = texts.into_iter();
        ask_twice(|_| Ok(Zeroizing::new(texts.next().unwrap().to_owned())))
    }

    #[test]
    fn a_prompted_password_must_be_typed_twice_the_same() {
        assert_eq!(*answers(["secret 1", "secret 1"]).unwrap(), "secret 1");
        assert!(matches!(
            answers(["secret 1", "secret 2"]),
            Err(PromptError::Mismatch)
        ));
        assert!(matches!(answers(["", ""]), Err(PromptError::Empty)));
        let long = "a".repeat(LONGEST_PASSWORD + 1);
        assert!(matches!(answers([&long, &long]), Err(PromptError::TooLong)));
    }

    proptest! {
        #[test]
        fn no_input_makes_the_reader_panic(input in any::<Vec<u8>>()) {
            let _ = read_line(&input[..]);
        }
    }
}
