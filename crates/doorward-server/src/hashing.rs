//! How passwords are hashed and which hashes may log in, made from the configuration.

use std::{num::NonZeroUsize, sync::Arc};

use doorward::{
    password::{
        AcceptedForms, Argon2idParams, BcryptPrehash, HashPool, HashPoolConfig, NewHashForm, Rehash,
    },
    secret::Secret,
    store::Store,
};

use crate::{
    config::{Config, HashWrite},
    failure::Failure,
};

/// The form of new hashes: what `hash.write` names. With `auto` it is `of_table`, the form that
/// everybody who reads the table knows, where the caller has found out that somebody else does;
/// else Argon2id.
///
/// # Errors
/// [`Failure`] when the parameters of Argon2id are too weak.
pub fn new_hash_form(
    config: &Config,
    of_table: Option<NewHashForm>,
) -> Result<NewHashForm, Failure> {
    let argon2id = || argon2id_params(config).map(NewHashForm::Argon2id);
    match config.hash.write {
        HashWrite::Auto => of_table.map_or_else(argon2id, Ok),
        HashWrite::Argon2id => argon2id(),
        HashWrite::WerkzeugScrypt => Ok(NewHashForm::WerkzeugScrypt),
        HashWrite::WerkzeugPbkdf2 => Ok(NewHashForm::WerkzeugPbkdf2),
        HashWrite::Bcrypt => Ok(NewHashForm::Bcrypt {
            prehash: prehashes(config),
        }),
    }
}

/// The form that the application beside us reads, while it shares the users table.
#[must_use]
pub fn form_of_table(store: &Store, config: &Config) -> Option<NewHashForm> {
    let in_place = store.in_place().filter(|in_place| in_place.coexisting)?;
    in_place.passwords.write.to_write(prehashes(config))
}

/// Whether new bcrypt hashes are over a digest of the password, as configured.
#[must_use]
pub fn prehashes(config: &Config) -> bool {
    config.hash.flask_bcrypt_prehash == BcryptPrehash::On
}

/// The parameters of Argon2id, as configured.
///
/// # Errors
/// [`Failure`] when they are too weak.
pub fn argon2id_params(config: &Config) -> Result<Argon2idParams, Failure> {
    let hash = &config.hash;
    Argon2idParams::new(hash.memory_kib, hash.iterations, hash.lanes).map_err(|error| {
        Failure::new("the settings hash.memory_kib, hash.iterations and hash.lanes do not fit")
            .why(error)
            .usage()
    })
}

/// The threads that hash, as configured, for new hashes of this form.
///
/// # Errors
/// [`Failure`] when a thread cannot start.
pub fn pool(config: &Config, form: NewHashForm) -> Result<HashPool, Failure> {
    HashPool::start(pool_config(config, form))
        .map_err(Failure::because("the hashing threads could not be started"))
}

/// The size and the limits of those threads.
#[must_use]
pub fn pool_config(config: &Config, form: NewHashForm) -> HashPoolConfig {
    let hash = &config.hash;
    let mut pool = match hash.threads.and_then(NonZeroUsize::new) {
        Some(threads) => HashPoolConfig::with_threads(threads),
        None => HashPoolConfig::default(),
    };
    pool.form = form;
    pool.budget_mib = hash.memory_budget_mib.unwrap_or(pool.budget_mib);
    pool.max_waiting = hash
        .max_queue
        .and_then(NonZeroUsize::new)
        .unwrap_or(pool.max_waiting);
    pool.max_wait = hash.queue_deadline;
    pool
}

/// Which stored hashes may log in, as configured.
#[must_use]
pub fn accepted_forms(config: &Config) -> AcceptedForms {
    let hash = &config.hash;
    let salt = hash.flask_security_salt.as_ref();
    AcceptedForms {
        groups: hash.accept,
        iterations_when_absent: hash.pbkdf2_default_iterations,
        bcrypt_prehash: hash.flask_bcrypt_prehash,
        flask_security_salt: salt.map(|salt| Arc::new(Secret::from_text(salt.expose().to_owned()))),
    }
}

/// Whether a login replaces a weak hash, as configured.
#[must_use]
pub const fn rehash(config: &Config) -> Rehash {
    if config.hash.rehash {
        Rehash::Weaker
    } else {
        Rehash::Off
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load};

    fn config(write: &str, prehash: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("[hash]\nwrite = '{write}'\nflask_bcrypt_prehash = '{prehash}'\n");
        std::fs::write(folder.path().join("doorward.toml"), text).unwrap();
        let sources = Sources {
            directory: folder.path().to_owned(),
            ..Sources::default()
        };
        load(&sources).unwrap().config
    }

    #[test]
    fn what_is_named_is_written_and_auto_is_what_the_table_needs() {
        let argon2id = NewHashForm::default();
        let scrypt = NewHashForm::WerkzeugScrypt;
        for (write, prehash, of_table, expected) in [
            ("auto", "off", None, argon2id),
            ("auto", "off", Some(scrypt), scrypt),
            ("argon2id", "off", Some(scrypt), argon2id),
            ("werkzeug-scrypt", "off", None, scrypt),
            ("werkzeug-pbkdf2", "off", None, NewHashForm::WerkzeugPbkdf2),
            (
                "bcrypt",
                "off",
                None,
                NewHashForm::Bcrypt { prehash: false },
            ),
            (
                "bcrypt",
                "either",
                None,
                NewHashForm::Bcrypt { prehash: false },
            ),
            ("bcrypt", "on", None, NewHashForm::Bcrypt { prehash: true }),
        ] {
            let form = new_hash_form(&config(write, prehash), of_table).unwrap();
            assert_eq!(form, expected, "{write} {prehash}");
        }
    }
}
