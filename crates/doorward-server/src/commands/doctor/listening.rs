//! The address, and how clients reach it.

use std::{io, net::TcpListener};

use super::report::Report;
use crate::{
    application::is_https,
    commands::healthcheck::{Readiness, Target},
    config::Config,
};

pub(super) async fn check(config: &Config, report: &mut Report) {
    address(config, report).await;
    public_url(config, report);
}

async fn address(config: &Config, report: &mut Report) {
    const SUBJECT: &str = "listen";
    let address = config.listen;
    match TcpListener::bind(address) {
        Ok(_) => report.ok(SUBJECT, format!("{address} is free: no server runs there")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            running(config, SUBJECT, report).await;
        }
        Err(error) => report.problem(
            SUBJECT,
            format!("{address} cannot be listened on: {error}"),
            "choose an address of this machine, and a port from 1024 or the capability CAP_NET_BIND_SERVICE",
        ),
    }
}

async fn running(config: &Config, subject: &'static str, report: &mut Report) {
    let address = config.listen;
    let Ok(target) = Target::listening(address) else {
        return;
    };
    match target.ask().await {
        Ok(Readiness::Ready) => report.ok(subject, format!("a doorward runs on {address} and is ready")),
        Ok(Readiness::NotReady(parts)) => report.problem(
            subject,
            format!("the doorward on {address} is not ready: failed: {}", parts.join(", ")),
            "see the checks above, and the server's log",
        ),
        Ok(Readiness::Other(_)) | Err(_) => report.problem(
            subject,
            format!("another program uses {address}"),
            format!(
                "stop it (`ss -ltnp 'sport = :{}'` names it), or choose another address with --listen",
                address.port()
            ),
        ),
    }
}

/// Without https the configuration's own warning has said so.
fn public_url(config: &Config, report: &mut Report) {
    const SUBJECT: &str = "public URL";
    match &config.public_url {
        Some(url) if is_https(config) => report.ok(SUBJECT, url.to_string()),
        _ if config.listen.ip().to_canonical().is_loopback() => report.ok(
            SUBJECT,
            "clients are on this machine only; in front of others, set public_url to an https:// address",
        ),
        _ => {}
    }
}
