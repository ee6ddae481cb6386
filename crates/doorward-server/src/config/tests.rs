//! The whole way from sources to configuration, on files of its own.

mod defaults;
mod foreign;
mod layers;
mod secrets;
mod values;

use tempfile::TempDir;

use super::*;

const STRONG: &str = "5d1c0a4be7f2936884aa1b0cfe3d927743d0e65c1fb8a2947e6d05b3c8f19a20";
const OTHER: &str = "0f8fad5bd9cb469fa16570867728950e7f8fad5bd9cb469fa165708677289501";

/// Sources with an empty directory of their own.
struct Scene {
    directory: TempDir,
    sources: Sources,
    variables: Vec<(String, String)>,
}

impl Scene {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let sources = Sources {
            directory: directory.path().to_owned(),
            ..Sources::default()
        };
        Self {
            directory,
            sources,
            variables: Vec::new(),
        }
    }

    fn flag(mut self, key: &'static str, value: &str) -> Self {
        self.sources.flags.insert(key, value.to_owned());
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file (mode 600) and a variable that names it.
    fn file_variable(self, name: &str, content: &str) -> Self {
        let path = self.write(name, content, 0o600);
        self.variable(name, path.to_str().unwrap())
    }

    fn toml(self, content: &str) -> Self {
        self.write("doorward.toml", content, 0o600);
        self
    }

    fn demo(mut self, allow_remote: bool) -> Self {
        self.sources.demo = Some(Demo { allow_remote });
        self
    }

    fn write(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn load(mut self) -> Result<Loaded, ConfigError> {
        self.sources.environment = self.variables.drain(..).collect();
        load(&self.sources)
    }

    fn refusal(self) -> ConfigError {
        self.load().unwrap_err()
    }
}

fn origin(loaded: &Loaded, key: &str) -> String {
    loaded.origin(key).unwrap().to_string()
}
