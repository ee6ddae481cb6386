//! The layers: which value of each setting wins, and which it beats.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::environment::{CONFIG_VARIABLE, Environment};
use super::error::{ConfigError, ConfigErrorKind, Warning};
use super::file::{FileText, read_text, strip_newline};
use super::flask::{self, FlaskDatabase};
use super::foreign::{self, Row};
use super::kind::{Kind, Raw, Value};
use super::origin::Origin;
use super::setting::{DefaultValue, Setting};
use super::table::SETTINGS;
use super::toml_file::{self, TomlContent, TomlEntry};

/// The configuration file that is read without being named, when it exists.
pub const DEFAULT_FILE: &str = "doorward.toml";

const LONGEST_VALUE: usize = 64 * 1024;
const LONGEST_FILE: usize = 1024 * 1024;

/// Values given by command line flags, by setting key.
pub type Flags = BTreeMap<&'static str, String>;

/// That the server runs as `serve --demo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demo {
    /// `--allow-remote-demo`: listen on other addresses than loopback.
    pub allow_remote: bool,
}

/// Everything the configuration is made from.
#[derive(Clone, Default)]
pub struct Sources {
    /// Values of flags.
    pub flags: Flags,
    /// The environment.
    pub environment: Environment,
    /// `--config`.
    pub config_file: Option<PathBuf>,
    /// Where `doorward.toml` is looked for; empty for the working directory.
    pub directory: PathBuf,
    /// Set under `serve --demo`.
    pub demo: Option<Demo>,
}

/// Values of flags and variables are left out: they may hold passwords.
impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sources")
            .field("flags", &self.flags.keys())
            .field("environment", &self.environment)
            .field("config_file", &self.config_file)
            .field("directory", &self.directory)
            .field("demo", &self.demo)
            .finish()
    }
}

/// The value that holds for one setting.
#[derive(Debug, Clone)]
pub struct Effective {
    /// The setting.
    pub setting: &'static Setting,
    /// Its value; `None` when nobody set it and it has no default.
    pub value: Option<Value>,
    /// Where the value comes from.
    pub origin: Origin,
    /// Weaker layers that also gave a value, strongest first.
    pub overridden: Vec<Origin>,
}

pub(crate) struct Resolved {
    pub(crate) settings: Vec<Effective>,
    /// Tables that may stand several times.
    pub(crate) rows: Vec<Row>,
    pub(crate) config_file: Option<PathBuf>,
    pub(crate) warnings: Vec<Warning>,
}

/// Reads every layer and picks the winners.
pub(crate) fn resolve(sources: &Sources) -> Result<Resolved, ConfigError> {
    let mut warnings = Vec::new();
    let (config_file, content) = read_config_file(sources, &mut warnings)?;
    let TomlContent { entries, rows } = content;
    // A key's variable may have any name, so the file comes first.
    let named: Vec<&str> = rows.iter().filter_map(foreign::variable).collect();
    sources.environment.refuse_unknown(&named)?;
    let mut layers = Layers {
        sources,
        config_file: config_file.as_deref(),
        entries,
        warnings,
    };
    let mut settings = Vec::with_capacity(SETTINGS.len());
    for setting in SETTINGS {
        settings.push(layers.effective(setting)?);
    }
    let warnings = layers.warnings;
    Ok(Resolved {
        settings,
        rows,
        config_file,
        warnings,
    })
}

fn read_config_file(
    sources: &Sources,
    warnings: &mut Vec<Warning>,
) -> Result<(Option<PathBuf>, TomlContent), ConfigError> {
    let (path, named_by) = if let Some(path) = &sources.config_file {
        (path.clone(), Some("flag --config"))
    } else if let Some(path) = sources.environment.get(CONFIG_VARIABLE) {
        (
            PathBuf::from(path),
            Some("environment variable DOORWARD_CONFIG"),
        )
    } else {
        (sources.directory.join(DEFAULT_FILE), None)
    };
    let file = match read_text(&path, LONGEST_FILE) {
        Ok(file) => file,
        Err(error) if named_by.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok((None, TomlContent::default()));
        }
        Err(error) => {
            let by = named_by.unwrap_or("its default name");
            return Err(ConfigError::new(
                ConfigErrorKind::UnreadableFile,
                format!("cannot read the configuration file {}", path.display()),
                format!("{error}; the file comes from {by}"),
                format!(
                    "create it with: doorward config template > {}",
                    path.display()
                ),
            ));
        }
    };
    let content = toml_file::parse(&file.text, &path)?;
    let entries = &content.entries;
    for entry in entries.iter().filter(|entry| entry.setting.secret) {
        let (key, shown) = (entry.setting.key, path.display());
        warnings.push(Warning::new(
            format!("{shown} line {} holds the secret `{key}`", entry.line),
            format!(
                "move it into a file (mode 600) and: export {}=FILE",
                entry.setting.file_variable()
            ),
        ));
    }
    let is_sensitive = entries
        .iter()
        .any(|entry| is_sensitive(entry.setting, &entry.raw))
        || content.rows.iter().any(Row::has_secret);
    if file.open_to_others && is_sensitive {
        warnings.push(open_to_others(&path));
    }
    Ok((Some(path), content))
}

fn open_to_others(path: &Path) -> Warning {
    let shown = path.display();
    Warning::new(
        format!("{shown} holds a secret, and others than its owner have rights to it"),
        format!("chmod 600 {shown}"),
    )
}

fn is_sensitive(setting: &Setting, raw: &Raw) -> bool {
    let has_password = || {
        matches!(
            setting.kind.read(raw),
            Ok(Value::Database(url)) if url.has_password()
        )
    };
    setting.secret || (setting.kind == Kind::Database && has_password())
}

struct Layers<'s> {
    sources: &'s Sources,
    config_file: Option<&'s Path>,
    entries: Vec<TomlEntry>,
    warnings: Vec<Warning>,
}

type Candidate = (Raw, Origin);

impl Layers<'_> {
    fn effective(&mut self, setting: &'static Setting) -> Result<Effective, ConfigError> {
        let mut candidates = self.candidates(setting)?;
        if setting.secret {
            refuse_second(setting, &candidates)?;
        }
        // Flask's layer: its secret beside an equal one of ours is no conflict.
        let flask = self.flask(setting, candidates.is_empty())?;
        if let (Some((theirs, _)), Some((ours, origin))) = (&flask, candidates.first()) {
            refuse_different(setting, ours, origin, theirs)?;
        }
        candidates.extend(flask);
        let mut candidates = candidates.into_iter();
        let Some((raw, origin)) = candidates.next() else {
            return self.default(setting);
        };
        let overridden = candidates.map(|(_, origin)| origin).collect();
        let value = read(setting, &raw, &origin)?;
        if matches!(&value, Value::Database(url) if url.has_password())
            && matches!(origin, Origin::Flag(_))
        {
            self.warnings.push(Warning::new(
                "the database password is on the command line, where every user of the machine sees it",
                format!("export {}='…' or {}=FILE", setting.variable(), setting.file_variable()),
            ));
        }
        Ok(Effective {
            setting,
            value: Some(value),
            origin,
            overridden,
        })
    }

    /// The values of the layers above Flask's, strongest first.
    fn candidates(&mut self, setting: &'static Setting) -> Result<Vec<Candidate>, ConfigError> {
        let mut found = Vec::new();
        if let Some(flag) = setting.flag
            && let Some(text) = self.sources.flags.get(setting.key)
        {
            let text = Zeroizing::new(text.clone());
            found.push((Raw::Text(text), Origin::Flag(flag)));
        }
        let variable = setting.variable();
        if let Some(text) = self.sources.environment.get(&variable) {
            let text = Zeroizing::new(text.to_owned());
            found.push((Raw::Text(text), Origin::Environment(variable)));
        }
        let variable = setting.file_variable();
        if let Some(path) = self.sources.environment.get(&variable) {
            found.push(self.read_value_file(setting, variable.clone(), Path::new(path))?);
        }
        if let Some(index) = self
            .entries
            .iter()
            .position(|e| e.setting.key == setting.key)
        {
            let entry = self.entries.swap_remove(index);
            let path = self
                .config_file
                .unwrap_or(Path::new(DEFAULT_FILE))
                .to_owned();
            let line = entry.line;
            found.push((entry.raw, Origin::Toml { path, line }));
        }
        Ok(found)
    }

    fn read_value_file(
        &mut self,
        setting: &'static Setting,
        variable: String,
        path: &Path,
    ) -> Result<Candidate, ConfigError> {
        let FileText {
            text,
            open_to_others: open,
        } = read_text(path, LONGEST_VALUE).map_err(|error| {
            ConfigError::new(
                ConfigErrorKind::UnreadableFile,
                format!("cannot read the file {}", path.display()),
                format!(
                    "{error}; environment variable {variable} names it for `{}`",
                    setting.key
                ),
                format!("create the file, or: unset {variable}"),
            )
        })?;
        let raw = Raw::File(Zeroizing::new(strip_newline(&text).to_owned()));
        if open && is_sensitive(setting, &raw) {
            self.warnings.push(open_to_others(path));
        }
        let path = path.to_owned();
        Ok((raw, Origin::EnvironmentFile { variable, path }))
    }

    fn flask(&mut self, setting: &Setting, wanted: bool) -> Result<Option<Candidate>, ConfigError> {
        match setting.key {
            "secret_key" => Ok(flask::secret_key(&self.sources.environment)),
            "db.url" if wanted => match flask::database(&self.sources.environment)? {
                FlaskDatabase::Absent => Ok(None),
                FlaskDatabase::Complete(raw, origin) => Ok(Some((raw, origin))),
                FlaskDatabase::Incomplete(warning) => {
                    self.warnings.push(warning);
                    Ok(None)
                }
            },
            _ => Ok(None),
        }
    }

    fn default(&self, setting: &'static Setting) -> Result<Effective, ConfigError> {
        let (text, origin) = match setting.default {
            DefaultValue::Is(text) => (Some(text), Origin::Default),
            DefaultValue::Demo { demo, .. } if self.sources.demo.is_some() => {
                (Some(demo), Origin::DemoDefault)
            }
            DefaultValue::Demo { normally, .. } => (Some(normally), Origin::Default),
            DefaultValue::Unset(_) => (None, Origin::Default),
        };
        let value = match text {
            None => None,
            Some(text) => {
                let raw = Raw::Text(Zeroizing::new(text.to_owned()));
                Some(read(setting, &raw, &origin)?)
            }
        };
        Ok(Effective {
            setting,
            value,
            origin,
            overridden: Vec::new(),
        })
    }
}

fn read(setting: &Setting, raw: &Raw, origin: &Origin) -> Result<Value, ConfigError> {
    setting.kind.read(raw).map_err(|reason| {
        ConfigError::new(
            ConfigErrorKind::InvalidValue,
            format!("`{}` {reason}", setting.key),
            format!("its value comes from {origin}"),
            setting.example_at(origin),
        )
    })
}

/// A secret in two of our own layers: whichever won, somebody would be wrong
/// about which key is in use.
fn refuse_second(setting: &Setting, candidates: &[Candidate]) -> Result<(), ConfigError> {
    let [(_, first), (_, second), ..] = candidates else {
        return Ok(());
    };
    let remedy = match second {
        Origin::EnvironmentFile { variable, .. } => format!("unset {variable}"),
        Origin::Toml { path, line } => format!("delete line {line} of {}", path.display()),
        other => format!("remove {other}"),
    };
    Err(ConfigError::new(
        ConfigErrorKind::SecretTwice,
        format!("the secret `{}` is given twice", setting.key),
        format!("it comes from {first} and from {second}"),
        format!("keep one of them, for example: {remedy}"),
    ))
}

fn refuse_different(
    setting: &Setting,
    ours: &Raw,
    origin: &Origin,
    theirs: &Raw,
) -> Result<(), ConfigError> {
    if !setting.secret || setting.kind.read(ours).ok() == setting.kind.read(theirs).ok() {
        return Ok(());
    }
    let flask = flask::SECRET_VARIABLE;
    Err(ConfigError::new(
        ConfigErrorKind::SecretTwice,
        format!(
            "the secret `{}` is given twice, with different values",
            setting.key
        ),
        format!("it comes from {origin} and from Flask environment {flask}"),
        format!(
            "keep the key that signs: unset {flask}; a former key goes into `secret_key_fallbacks`"
        ),
    ))
}
