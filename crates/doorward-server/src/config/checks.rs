//! What only shows when the settings are seen together.

use super::error::{ConfigError, ConfigErrorKind, Warning};
use super::layers::{Demo, Effective};
use super::origin::Origin;
use super::secret::SecretText;
use super::secret_policy::{Weakness, weakness};
use super::typed::{Config, HashConfig};
use super::web_origin::PublicUrl;
use doorward_axum::Network;

/// Argon2id parameters of equal strength: passes and the least memory in KiB
/// (OWASP Password Storage Cheat Sheet).
const ARGON2_FLOOR: [(u32, u32); 5] = [
    (1, 47_104),
    (2, 19_456),
    (3, 12_288),
    (4, 9_216),
    (5, 7_168),
];

/// Refuses what is unsafe together and collects warnings.
pub(crate) fn check(
    config: &Config,
    settings: &[Effective],
    demo: Option<Demo>,
    warnings: &mut Vec<Warning>,
) -> Result<(), ConfigError> {
    let origin = |key: &str| {
        let found = settings
            .iter()
            .find(|effective| effective.setting.key == key);
        found.map_or(&Origin::Default, |effective| &effective.origin)
    };
    refuse_remote_demo(config, demo, origin("listen"))?;
    refuse_impossible_hash(&config.hash, origin("hash.memory_kib"))?;
    check_secret(config, origin("secret_key"), warnings)?;
    let fallbacks = origin("secret_key_fallbacks").to_string();
    check_fallbacks(config, &fallbacks, warnings)?;
    warn_about_addresses(config, warnings);
    warn_about_hash(&config.hash, warnings);
    Ok(())
}

fn refuse_remote_demo(
    config: &Config,
    demo: Option<Demo>,
    origin: &Origin,
) -> Result<(), ConfigError> {
    let allowed = demo.is_none_or(|demo| demo.allow_remote);
    if allowed || config.listen.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(ConfigError::new(
        ConfigErrorKind::RemoteDemo,
        format!("the demo must not listen on {}", config.listen),
        format!("its accounts and passwords are public; the address comes from {origin}"),
        "doorward serve --demo --listen 127.0.0.1:5000 (or add --allow-remote-demo)",
    ))
}

fn refuse_impossible_hash(hash: &HashConfig, origin: &Origin) -> Result<(), ConfigError> {
    // RFC 9106 section 3.1: at least eight blocks of 1 KiB for each lane.
    let least = hash.lanes.saturating_mul(8);
    let budget = hash.memory_budget_mib.map(|mib| u64::from(mib) * 1024);
    let problem = if hash.memory_kib < least {
        format!("{} lanes need at least {least} KiB", hash.lanes)
    } else if budget.is_some_and(|budget| budget < u64::from(hash.memory_kib)) {
        "one hash needs more than `hash.memory_budget_mib` allows".to_owned()
    } else {
        return Ok(());
    };
    Err(ConfigError::new(
        ConfigErrorKind::InvalidValue,
        format!("`hash.memory_kib` is {}, but {problem}", hash.memory_kib),
        format!("its value comes from {origin}"),
        "for example: export DOORWARD_HASH_MEMORY_KIB='19456' DOORWARD_HASH_LANES='1'",
    ))
}

fn check_secret(
    config: &Config,
    origin: &Origin,
    warnings: &mut Vec<Warning>,
) -> Result<(), ConfigError> {
    let Some(weakness) = config.secret_key.as_ref().and_then(weakness) else {
        return Ok(());
    };
    let what = format!("the secret `secret_key` {}", weakness.describe());
    // Flask's own variable would conflict with the new key.
    let unset = match origin {
        Origin::Flask(_) => "unset SECRET_KEY; ",
        _ => "",
    };
    let fix = format!(
        "{unset}umask 077; openssl rand -hex 32 > secret.key; export DOORWARD_SECRET_KEY_FILE=secret.key"
    );
    if config.demo {
        warnings.push(Warning::new(what, fix));
        return Ok(());
    }
    Err(weak(
        what,
        "anyone who guesses it signs tokens in",
        &origin.to_string(),
        fix,
    ))
}

/// A former key still lets its holder sign cookies in. A short one is only
/// warned about: it is how an application leaves its short key behind.
fn check_fallbacks(
    config: &Config,
    origin: &str,
    warnings: &mut Vec<Warning>,
) -> Result<(), ConfigError> {
    let weak_ones = |secret: &SecretText| weakness(secret);
    for weakness in config.secret_key_fallbacks.iter().filter_map(weak_ones) {
        let what = format!("a secret of `secret_key_fallbacks` {}", weakness.describe());
        let fix =
            "remove it as soon as the cookies signed with it have expired (`session.max_age`)";
        if weakness == Weakness::Sample && !config.demo {
            let fix = "remove it; people with an old cookie log in once more";
            return Err(weak(
                what,
                "anyone who knows it signs cookies in",
                origin,
                fix,
            ));
        }
        warnings.push(Warning::new(what, fix));
    }
    Ok(())
}

fn weak(what: String, danger: &str, origin: &str, fix: impl Into<String>) -> ConfigError {
    let why = format!("{danger} everybody's name; it comes from {origin}");
    ConfigError::new(ConfigErrorKind::WeakSecret, what, why, fix)
}

fn warn_about_addresses(config: &Config, warnings: &mut Vec<Warning>) {
    let https = config.public_url.as_ref().is_some_and(PublicUrl::is_https);
    let url = config.public_url.as_ref().map(PublicUrl::origin);
    if let Some(url) = url.filter(|url| !url.is_https() && !url.is_loopback()) {
        warnings.push(Warning::new(
            format!("`public_url` is {url}: passwords and tokens travel unencrypted"),
            format!("export DOORWARD_PUBLIC_URL='https://{}'", url.host()),
        ));
    } else if !https && !config.listen.ip().to_canonical().is_loopback() {
        warnings.push(Warning::new(
            format!(
                "listening on {} without https: passwords and tokens travel unencrypted",
                config.listen
            ),
            "put a TLS proxy in front and: export DOORWARD_PUBLIC_URL='https://…'",
        ));
    }
    if let Some(listen) = config.metrics.listen
        && !listen.ip().to_canonical().is_loopback()
    {
        warnings.push(Warning::new(
            format!("`metrics.listen` is {listen}: everybody who reaches it reads the metrics"),
            "export DOORWARD_METRICS_LISTEN='127.0.0.1:9464', or let a firewall decide",
        ));
    }
    if let Some(collector) = &config.traces.collector
        && !collector.is_https()
        && !collector.is_loopback()
    {
        warnings.push(Warning::new(
            format!("`traces.collector` is {collector}: which routes are asked, when and how often, travels unencrypted"),
            "run the collector on this machine, or give it https",
        ));
    }
    if config
        .http
        .trusted_proxies
        .iter()
        .any(Network::is_everything)
    {
        warnings.push(Warning::new(
            "`http.trusted_proxies` trusts every address: anyone may claim any address",
            "name the proxies only, for example: export DOORWARD_HTTP_TRUSTED_PROXIES='10.0.0.0/8'",
        ));
    }
}

fn warn_about_hash(hash: &HashConfig, warnings: &mut Vec<Warning>) {
    let strong = ARGON2_FLOOR
        .iter()
        .any(|(passes, memory)| hash.iterations >= *passes && hash.memory_kib >= *memory);
    if !strong {
        warnings.push(Warning::new(
            format!(
                "Argon2id with {} KiB and {} passes is weaker than recommended",
                hash.memory_kib, hash.iterations
            ),
            "export DOORWARD_HASH_MEMORY_KIB='19456' DOORWARD_HASH_ITERATIONS='2'",
        ));
    }
}
