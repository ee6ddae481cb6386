//! From parsed flags to the strongest configuration layer.

use std::path::PathBuf;

use super::{Cli, Command};
use crate::config::{Demo, Environment, Flags, Sources};

impl Cli {
    /// The settings given by flags, by key.
    #[must_use]
    pub fn flags(&self) -> Flags {
        let global = &self.global;
        let mut given = vec![
            ("data_dir", &global.data_dir),
            ("db.url", &global.db_url),
            ("log.format", &global.log_format),
            ("log.level", &global.log_level),
        ];
        let mut migrate = None;
        match &self.command {
            Command::Serve(serve) => {
                given.push(("listen", &serve.listen));
                given.push(("public_url", &serve.public_url));
                migrate = serve.migrate.then(|| "true".to_owned());
            }
            Command::Lecture(lecture) => given.push(("listen", &lecture.listen)),
            _ => {}
        }
        given.push(("db.migrate", &migrate));
        given
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.clone()?)))
            .collect()
    }

    /// Whether this is `serve --demo`, and how far it may be reached.
    #[must_use]
    pub fn demo(&self) -> Option<Demo> {
        match &self.command {
            Command::Serve(serve) if serve.demo => Some(Demo {
                allow_remote: serve.allow_remote_demo,
            }),
            _ => None,
        }
    }

    /// The sources of the configuration for this command line.
    #[must_use]
    pub fn sources(&self, environment: Environment) -> Sources {
        Sources {
            flags: self.flags(),
            environment,
            config_file: self.global.config.clone(),
            directory: PathBuf::new(),
            demo: self.demo(),
        }
    }
}
