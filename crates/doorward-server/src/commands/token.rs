//! `doorward token …`: what a token says, and whether the server would believe it.

use std::{
    io::{self, IsTerminal as _, Read as _, Write as _},
    process::ExitCode,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::{
    clock::{Clock as _, SystemClock, Timestamp},
    secret::Secret,
    token::{MAX_TOKEN_BYTES, TokenError},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    print,
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
pub fn verify(input: &TokenInput, config: &Config) -> Result<ExitCode, Failure> {
    let token = read(input)?;
    let tokens = application::access_tokens(config, &secret(config)?)?;
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

/// The server's secret. It is not made here: a new one has signed nothing yet.
fn secret(config: &Config) -> Result<Secret, Failure> {
    let path = config.data_dir.join("secret.key");
    if config.secret_key.is_none() && !path.exists() {
        return Err(Failure::new(format!(
            "there is no secret to verify with: none is configured and there is no {}",
            path.display()
        ))
        .fix("give the server's own settings: --data-dir, or DOORWARD_SECRET_KEY_FILE"));
    }
    Ok(secret_file::load_or_create(config)?.secret)
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
