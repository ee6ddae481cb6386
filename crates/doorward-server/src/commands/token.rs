//! `doorward token …`: what a token says, and whether the server would believe it.

use std::{
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::{
    access::AccessTokens,
    clock::{Clock as _, SystemClock, Timestamp},
    key_ring::{KeyState, SigningAlgorithm, StoredKey, secret_key_id},
    secret::Secret,
    token::{Hs256Key, MAX_TOKEN_BYTES, TokenError, VerifyingKey},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    operated, print,
    terminal::visible_lines,
    timestamp::{rfc3339, rough},
};
use crate::{application, cli::TokenInput, config::Config, failure::Failure, secret_file};

/// Prints header and claims as they are, and that nothing was checked.
///
/// # Errors
/// [`Failure`] when this is not the shape of a token. It never quotes the token.
pub fn decode(input: &TokenInput) -> Result<ExitCode, Failure> {
    let token = read(input)?;
    let shapeless = |why: &str| {
        Failure::new(format!("this is not a token: {why}"))
            .fix("a token is three parts of base64url with dots between them, without `Bearer`")
    };
    let parts: Vec<&str> = token.split('.').collect();
    let &[header, claims, _signature] = parts.as_slice() else {
        return Err(shapeless("it has not three parts"));
    };
    let part = |text: &str, name: &str| -> Result<Value, Failure> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| shapeless(&format!("its {name} is not base64url")))?;
        // The error of serde_json is left out: it may quote the claims.
        serde_json::from_slice(&bytes).map_err(|_| shapeless(&format!("its {name} is not JSON")))
    };
    let both = json!({ "header": part(header, "header")?, "claims": part(claims, "claims")? });
    print(&pretty(&both))?;
    writeln!(
        io::stderr(),
        "nothing was verified: anybody can write such a token; `doorward token verify` checks one"
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Verifies as the server would, and prints the claims and how long the token is still valid.
///
/// # Errors
/// [`Failure`] with the rule that the token breaks. It never quotes the token.
pub async fn verify(input: &TokenInput, config: &Config) -> Result<ExitCode, Failure> {
    let token = read(input)?;
    let tokens = tokens(config).await?;
    let now = SystemClock.now();
    let refused = |error: TokenError| match error {
        TokenError::Expired => Failure::new("the token has expired"),
        // Only a server knows what was revoked.
        TokenError::Revoked => Failure::new("the token counts no more"),
        TokenError::Invalid(reason) => Failure::new(format!("the token is not valid: {reason}")),
    };
    tokens.verify(&token, now).map_err(refused)?;
    let claims: Value = tokens
        .verifier()
        .verify(&token, now.as_millis())
        .map_err(refused)?;
    print(&pretty(&claims))?;
    let mut note = io::stderr().lock();
    // A number with a fraction is allowed (RFC 7519 section 2); whole seconds are enough to tell.
    if let Some(expires) = claims.get("exp").and_then(whole_seconds) {
        let expires = Timestamp::from_seconds(expires);
        let left = rough(expires.since(now));
        write!(note, "valid for another {left}, until {}", rfc3339(expires))?;
    }
    writeln!(
        note,
        "; whether the account is still there was not looked up"
    )?;
    Ok(ExitCode::SUCCESS)
}

fn whole_seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
        value.as_f64().map(|seconds| seconds as i64)
    })
}

/// The rules of the server, with the keys that its database has, or else with its secret. Neither is made here: a new one
/// has signed nothing yet.
async fn tokens(config: &Config) -> Result<AccessTokens, Failure> {
    let secret = secret(config)?;
    let keys = match operated::missing_file(config) {
        Some(_) => Vec::new(),
        None => stored_keys(config).await?,
    };
    let now = SystemClock.now();
    let mut verifying: Vec<VerifyingKey> = keys
        .iter()
        .filter(|key| key.times.state(now) != KeyState::Retired)
        .filter_map(|key| key.public.clone())
        .map(VerifyingKey::new)
        .collect::<Result<_, _>>()
        .map_err(Failure::because("the server's keys cannot be used"))?;
    let is_of_secret = |key: &StoredKey| key.algorithm == SigningAlgorithm::Secret;
    if keys.is_empty() || keys.iter().any(is_of_secret) {
        let secret = secret.ok_or_else(|| {
            Failure::new(format!(
                "there is no secret to verify with: none is configured and there is no {}",
                secret_path(config).display()
            ))
            .fix("give the server's own settings: --data-dir, or DOORWARD_SECRET_KEY_FILE")
        })?;
        verifying.push(Hs256Key::new(&secret, Some(secret_key_id(&secret))).into());
    }
    let tokens = AccessTokens::without_keys(application::token_policy(config));
    tokens.set_keys(Vec::new(), verifying);
    Ok(tokens)
}

async fn stored_keys(config: &Config) -> Result<Vec<StoredKey>, Failure> {
    let database = operated::open_current(config).await?;
    let keys = operated::store(&database, config)
        .await?
        .list_signing_keys()
        .await
        .map_err(operated::unusable(config))?;
    database.close().await;
    Ok(keys)
}

fn secret_path(config: &Config) -> PathBuf {
    config.data_dir.join("secret.key")
}

/// The server's secret, if it has one.
fn secret(config: &Config) -> Result<Option<Secret>, Failure> {
    if config.secret_key.is_none() && !secret_path(config).exists() {
        return Ok(None);
    }
    Ok(Some(secret_file::load_or_create(config)?.secret))
}

/// The argument, or standard input without the white space around it.
fn read(input: &TokenInput) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    if let Some(token) = &input.token {
        text.push_str(token);
    } else {
        if io::stdin().is_terminal() {
            writeln!(io::stderr(), "Paste the token, then Enter and Ctrl-D:")?;
        }
        // Room for white space around the longest token, and one byte to notice a longer one.
        let most = u64::try_from(MAX_TOKEN_BYTES).unwrap_or(u64::MAX) + 64;
        io::stdin().lock().take(most).read_to_string(&mut text)?;
    }
    let token = Zeroizing::new(text.trim().to_owned());
    if token.is_empty() {
        return Err(Failure::new("there is no token")
            .fix("give it as the argument or on standard input")
            .usage());
    }
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Failure::new(format!(
            "the token is longer than {MAX_TOKEN_BYTES} bytes"
        )));
    }
    Ok(token)
}

/// Indented JSON. Claims come from strangers, so no control character reaches the terminal.
fn pretty(value: &Value) -> String {
    format!("{}\n", visible_lines(&format!("{value:#}")))
}
