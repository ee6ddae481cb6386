//! Every default, spelled out a second time: changing one is a decision.

use std::collections::BTreeMap;
use std::time::Duration;

use doorward::password::{BcryptPrehash, FormGroups};

use super::*;

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a line for every default")]
fn without_any_source_the_defaults_hold() {
    let loaded = Scene::new().load().unwrap();
    let expected = Config {
        demo: false,
        listen: "127.0.0.1:5000".parse().unwrap(),
        data_dir: "./data".into(),
        public_url: None,
        admin_setup_ttl: seconds(30 * 60),
        secret_key: None,
        secret_key_fallbacks: Vec::new(),
        db: DbConfig {
            url: DatabaseUrl::Sqlite {
                path: "./data/doorward.db".into(),
            },
            max_connections: 10,
            migrate: false,
        },
        token: TokenConfig {
            issuer: None,
            audience: None,
            ttl: seconds(3600),
            extra_claims: BTreeMap::new(),
        },
        password: PasswordConfig {
            min_length: 8,
            blocklist: true,
        },
        hash: HashConfig {
            memory_kib: 19_456,
            iterations: 2,
            lanes: 1,
            threads: None,
            memory_budget_mib: None,
            max_queue: None,
            queue_deadline: seconds(2),
            write: HashWrite::Auto,
            rehash: true,
            accept: FormGroups::NONE,
            pbkdf2_default_iterations: None,
            flask_bcrypt_prehash: BcryptPrehash::Off,
            flask_security_salt: None,
        },
        login: LoginConfig {
            failure_quantum: Duration::from_millis(250),
        },
        throttle: ThrottleConfig {
            enabled: true,
            free_attempts: 5,
            max_delay: seconds(15 * 60),
            network_burst: 10,
            network_per_minute: 20,
            known_device_ttl: seconds(90 * 86_400),
            registrations_per_hour: 10,
        },
        http: HttpConfig {
            body_limit: 65_536,
            header_timeout: seconds(10),
            body_timeout: seconds(20),
            request_timeout: seconds(30),
            idle_timeout: seconds(60),
            max_connections: 10_000,
            max_connections_per_address: 4_096,
            drain_timeout: seconds(25),
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            access_log: false,
        },
        keys: KeysConfig {
            algorithm: None,
            rotate_after: Some(Duration::from_hours(90 * 24)),
            lead: Duration::from_mins(15),
        },
        api_keys: doorward::api_key::ApiKeyPolicy::default(),
        session: SessionConfig {
            max_age: seconds(31 * 86_400),
            lifetime: Duration::from_hours(30 * 24),
            idle: Duration::from_hours(14 * 24),
            refresh_grace: Duration::from_secs(10),
            max_per_user: 100,
        },
        registration: RegistrationConfig { enabled: true },
        mail: MailConfig {
            smtp: None,
            template_dir: None,
            reset_ttl: Duration::from_mins(30),
            verify_ttl: Duration::from_hours(24),
        },
        forward_auth: ForwardAuthConfig::default(),
        log: LogConfig {
            format: LogFormat::Text,
            level: LogLevel::Info,
        },
        audit: AuditConfig {
            retention: seconds(365 * 86_400),
        },
        metrics: MetricsConfig { listen: None },
        traces: TracesConfig {
            collector: None,
            sample_percent: 100,
        },
        foreign: ForeignConfig::default(),
    };
    assert_eq!(loaded.config, expected);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert!(loaded.settings.iter().all(|e| e.origin.is_default()));
}

#[test]
fn the_database_file_follows_the_data_directory() {
    let loaded = Scene::new().flag("data_dir", "/var/lib/doorward").load();
    let path = "/var/lib/doorward/doorward.db".into();
    assert_eq!(loaded.unwrap().config.db.url, DatabaseUrl::Sqlite { path });
}
