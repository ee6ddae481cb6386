//! The foreign sources, made from the configuration.

use doorward::{
    foreign::{
        FlaskKeys, FlaskSessionRules, FlaskSessionSource, FlaskSessions, Foreign,
        ForeignTokenSource, ForeignTokens,
    },
    secret::Secret,
};

use super::DEFAULT_ISSUER;
use crate::{
    config::{Config, ForeignTokenConfig, SecretText},
    failure::Failure,
};

/// Every source of the configuration.
///
/// # Errors
/// [`Failure`] when a key does not fit its algorithms, which the configuration has checked before.
pub(super) fn sources(config: &Config, secret: &Secret) -> Result<Foreign, Failure> {
    let tokens: Vec<ForeignTokenSource> = config
        .foreign
        .tokens
        .iter()
        .map(token_source)
        .collect::<Result<_, _>>()?;
    let issuer = config.token.issuer.as_deref().unwrap_or(DEFAULT_ISSUER);
    let ours = own_keys(config, secret);
    let sessions = config.foreign.sessions.iter().map(|source| {
        let theirs = FlaskKeys {
            current: core_secret(&source.key.text),
            fallbacks: source.fallbacks.iter().map(core_secret).collect(),
        };
        let rules = FlaskSessionRules {
            subject: source.subject.clone(),
            until: source.until,
            max_age: source.max_age.unwrap_or(config.session.max_age),
            salt: source.salt.clone(),
            cookie: source.cookie.clone(),
        };
        FlaskSessionSource::new(source.name.clone(), &theirs, &ours, rules)
    });
    Ok(Foreign {
        tokens: ForeignTokens::new(tokens, Some(issuer.to_owned())),
        sessions: FlaskSessions::new(sessions),
    })
}

/// The keys of our own session cookies.
pub(super) fn own_keys(config: &Config, secret: &Secret) -> FlaskKeys {
    FlaskKeys {
        current: secret.clone(),
        fallbacks: config
            .secret_key_fallbacks
            .iter()
            .map(core_secret)
            .collect(),
    }
}

fn token_source(source: &ForeignTokenConfig) -> Result<ForeignTokenSource, Failure> {
    let verifier = source.verifier().map_err(|error| {
        Failure::new(format!(
            "the key of the foreign source {} does not fit",
            source.name
        ))
        .why(error)
        .usage()
    })?;
    let made = ForeignTokenSource::new(
        source.name.clone(),
        verifier,
        source.subject.clone(),
        source.until,
    );
    Ok(match source.issuer {
        Some(_) => made.with_an_issuer_of_its_own(),
        None => made,
    })
}

fn core_secret(text: &SecretText) -> Secret {
    Secret::from_text(text.expose().to_owned())
}
