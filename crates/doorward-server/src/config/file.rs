//! Reading files: secrets and the configuration file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

/// A file's text, and whether others than its owner may read it.
pub(crate) struct FileText {
    /// The content; wiped when dropped.
    pub(crate) text: Zeroizing<String>,
    /// `mode & 0o077` is not zero.
    pub(crate) open_to_others: bool,
}

/// Reads a UTF-8 file of at most `limit` bytes.
pub(crate) fn read_text(path: &Path, limit: usize) -> io::Result<FileText> {
    let mut file = File::open(path)?;
    let open_to_others = is_open_to_others(&file)?;
    // Room for everything from the start: a growing buffer would leave copies
    // of a secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 1));
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.by_ref().take(most).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        let message = format!("it is longer than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let text = String::from_utf8(std::mem::take(&mut *bytes)).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text")
    })?;
    Ok(FileText {
        text: Zeroizing::new(text),
        open_to_others,
    })
}

#[cfg(unix)]
fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata()?;
    // A pipe (`<(…)`) has a mode too, but nobody else can open it.
    Ok(metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_file: &File) -> io::Result<bool> {
    Ok(false)
}

/// The text without one line end at its end.
pub(crate) fn strip_newline(text: &str) -> &str {
    match text.strip_suffix('\n') {
        Some(stripped) => stripped.strip_suffix('\r').unwrap_or(stripped),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_stripped_and_nothing_else() {
        for (text, stripped) in [
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            (" a ", " a "),
            ("a\r", "a\r"),
            ("\n", ""),
        ] {
            assert_eq!(strip_newline(text), stripped);
        }
    }

    #[test]
    fn a_file_past_the_limit_or_not_text_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        std::fs::write(&path, "abcd").unwrap();
        assert_eq!(*read_text(&path, 4).unwrap().text, "abcd");
        assert!(read_text(&path, 3).is_err());
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read_text(&path, 4).is_err());
        assert!(read_text(directory.path(), 4).is_err());
    }
}
