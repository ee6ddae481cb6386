//! Where exports and backups go: standard output, or a file that nobody else can read and that is there only when it is whole.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::failure::Failure;

pub(super) struct Output {
    to: Option<Box<dyn Write>>,
    /// Made with the first text.
    file: Option<PathBuf>,
    place: String,
}

impl Output {
    /// The file at `path`, or standard output.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let mut output = Self {
            to: None,
            file: path.map(Path::to_owned),
            place: path.map_or_else(
                || "standard output".to_owned(),
                |path| path.display().to_string(),
            ),
        };
        output.to = Some(match path {
            None => Box::new(BufWriter::new(io::stdout())),
            Some(path) => output.create(path)?,
        });
        Ok(output)
    }

    /// A report at `path`, which is made only when something is written; or standard error.
    pub(super) fn report(path: Option<&Path>) -> Self {
        Self {
            to: path
                .is_none()
                .then(|| Box::new(io::stderr()) as Box<dyn Write>),
            file: path.map(Path::to_owned),
            place: path.map_or_else(
                || "standard error".to_owned(),
                |path| path.display().to_string(),
            ),
        }
    }

    fn create(&self, path: &Path) -> Result<Box<dyn Write>, Failure> {
        let half = half(path);
        // What a killed export left may be open to others.
        match fs::remove_file(&half) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unwritable(error, &self.place));
            }
            _ => {}
        }
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&half)
            .map_err(|error| unwritable(error, &self.place))?;
        Ok(Box::new(BufWriter::new(file)))
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        let mut to = match (self.to.take(), self.file.clone()) {
            (Some(to), _) => to,
            (None, Some(path)) => self.create(&path)?,
            (None, None) => return Ok(()),
        };
        to.write_all(text.as_bytes())
            .map_err(|error| unwritable(error, &self.place))?;
        self.to = Some(to);
        Ok(())
    }

    /// What it is, for a message.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Makes the file appear under its name.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let Some(mut to) = self.to.take() else {
            return Ok(());
        };
        to.flush().map_err(|error| unwritable(error, &self.place))?;
        drop(to);
        let Some(path) = &self.file else {
            return Ok(());
        };
        let half = half(path);
        File::open(&half)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&half, path))
            .map_err(|error| unwritable(error, &self.place))
    }
}

fn half(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            Some(to) => to.write(bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// Also when the reader went away: it has not got everything.
pub(super) fn unwritable(error: io::Error, place: &str) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::new("the reader of standard output went away").why(error);
    }
    Failure::new(format!("{place} cannot be written")).why(error)
}
