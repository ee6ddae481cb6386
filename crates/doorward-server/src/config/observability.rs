//! `log.*`, `audit.*`, `metrics.*` and `traces.*`: what an operator sees of a running server.

use std::net::SocketAddr;
use std::time::Duration;

use super::error::ConfigError;
use super::values::Values;
use super::web_origin::{PublicUrl, WebOrigin};

/// `log.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// `log.format`.
    pub format: LogFormat,
    /// `log.level`.
    pub level: LogLevel,
}

/// `audit.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditConfig {
    /// `audit.retention`.
    pub retention: Duration,
}

/// `metrics.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricsConfig {
    /// `metrics.listen`; none without it.
    pub listen: Option<SocketAddr>,
}

/// `traces.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracesConfig {
    /// `traces.collector`; none without it.
    pub collector: Option<WebOrigin>,
    /// `traces.sample_percent`.
    pub sample_percent: u32,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The least important log lines that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// Errors only.
    Error,
    /// And warnings.
    Warn,
    /// And what an operator wants to know.
    Info,
    /// And what a developer wants to know.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The name, as `tracing` and the configuration spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl LogConfig {
    pub(crate) fn build(v: &mut Values) -> Result<Self, ConfigError> {
        Ok(Self {
            format: v.take("log.format")?,
            level: v.take("log.level")?,
        })
    }
}

impl AuditConfig {
    pub(crate) fn build(v: &mut Values) -> Result<Self, ConfigError> {
        Ok(Self {
            retention: v.take("audit.retention")?,
        })
    }
}

impl MetricsConfig {
    pub(crate) fn build(v: &mut Values) -> Result<Self, ConfigError> {
        Ok(Self {
            listen: v.take_optional("metrics.listen")?,
        })
    }
}

impl TracesConfig {
    pub(crate) fn build(v: &mut Values) -> Result<Self, ConfigError> {
        let collector: Option<PublicUrl> = v.take_optional("traces.collector")?;
        Ok(Self {
            collector: collector.map(|url| url.origin().clone()),
            sample_percent: v.take("traces.sample_percent")?,
        })
    }
}
