//! The report of rejects: one JSON object a line, in a file for its owner alone.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use super::{AdoptionError, Reject};
use crate::store::{AdoptionId, Database};

/// Rejects of one page of the table.
const PAGE: u32 = 1000;

/// A report that is being written. It takes its place, and that of an older one, when it is whole.
#[derive(Debug)]
pub struct Report {
    path: PathBuf,
    half: PathBuf,
    file: BufWriter<File>,
    lines: u64,
}

impl Report {
    /// Begins a report that will be at `path`.
    ///
    /// # Errors
    /// [`AdoptionError::File`].
    pub fn create(path: &Path) -> Result<Self, AdoptionError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let half = path.with_file_name(name);
        // A file of that name is left from a process that was killed.
        let _ = fs::remove_file(&half);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&half).map_err(|error| failed(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            half,
            file: BufWriter::new(file),
            lines: 0,
        })
    }

    /// Adds a reject.
    ///
    /// # Errors
    /// [`AdoptionError::File`].
    pub fn add(&mut self, reject: &Reject) -> Result<(), AdoptionError> {
        let line = serde_json::json!({
            "place": reject.place,
            "username": reject.username,
            "reason": reject.reason,
        });
        self.lines += 1;
        writeln!(self.file, "{line}").map_err(|error| failed(&self.path, error))
    }

    /// Puts the report in its place. Returns how many rejects are in it; without one, there is no file, and one of an
    /// earlier run is taken away.
    ///
    /// # Errors
    /// [`AdoptionError::File`].
    pub fn finish(mut self) -> Result<u64, AdoptionError> {
        let done = self.put_in_place();
        done.map_err(|error| failed(&self.path, error))?;
        Ok(self.lines)
    }

    fn put_in_place(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        if self.lines > 0 {
            return fs::rename(&self.half, &self.path);
        }
        fs::remove_file(&self.half)?;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Writes the report of an adoption from its table, so that it is complete also after a resumed run.
    ///
    /// # Errors
    /// [`AdoptionError`].
    pub async fn rewrite(
        database: &Database,
        id: AdoptionId,
        path: &Path,
    ) -> Result<u64, AdoptionError> {
        let mut report = Self::create(path)?;
        let mut after = i64::MIN;
        loop {
            let page = database.list_rejects(id, after, PAGE).await?;
            let Some(last) = page.last() else {
                return report.finish();
            };
            after = last.place;
            for reject in &page {
                report.add(reject)?;
            }
        }
    }
}

fn failed(path: &Path, source: io::Error) -> AdoptionError {
    AdoptionError::ReportFile {
        path: path.display().to_string(),
        source,
    }
}
