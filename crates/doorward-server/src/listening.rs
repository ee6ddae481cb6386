//! Binding the address and serving until a signal.

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use doorward_axum::{App, Cors, HttpLimits, HttpMeter, ShellConfig};
use tokio::net::TcpListener;

use crate::{
    application::is_https, config::Config, failure::Failure, shutdown::Shutdown, telemetry,
};

/// Binds the configured address.
///
/// # Errors
/// [`Failure`] when it is taken or not ours.
pub async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("cannot listen on {address}")).why(error).fix(
            "another program may use the port: stop it, or choose another with --listen 127.0.0.1:5001 (port 0 takes a free one)",
        )
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// The router with everything that every answer needs. Its requests are counted by `meter`.
///
/// # Errors
/// [`Failure`] when an origin of `http.cors_origins` is none.
pub fn wrap(
    router: Router,
    config: &Config,
    meter: Option<Arc<HttpMeter>>,
) -> Result<App, Failure> {
    let http = &config.http;
    let cors = if http.cors_origins.is_empty() {
        None
    } else {
        let origins: Vec<String> = http.cors_origins.iter().map(ToString::to_string).collect();
        Some(
            Cors::new(origins.iter().map(String::as_str)).map_err(|error| {
                Failure::new("the setting http.cors_origins does not fit")
                    .why(error)
                    .usage()
            })?,
        )
    };
    Ok(doorward_axum::app(
        router,
        ShellConfig {
            limits: limits(config),
            https: is_https(config),
            access_log: http.access_log,
            meter,
            span: telemetry::request_span(config),
            cors,
        },
    ))
}

/// Serves until Ctrl-C or SIGTERM, then drains.
///
/// # Errors
/// [`Failure`] when the listener fails for good.
pub async fn run(listener: TcpListener, app: App, shutdown: Shutdown) -> Result<(), Failure> {
    doorward_axum::serve(listener, app, shutdown.asked())
        .await
        .map_err(Failure::because("the server stopped"))
}

/// Serves until its task is aborted: for an address beside the one that the process lives for.
pub async fn run_until_aborted(listener: TcpListener, app: App) {
    if let Err(error) = doorward_axum::serve(listener, app, std::future::pending()).await {
        tracing::error!(%error, "the metrics are no longer served");
    }
}

fn limits(config: &Config) -> HttpLimits {
    let http = &config.http;
    HttpLimits {
        body_bytes: http.body_limit,
        header_deadline: http.header_timeout,
        body_deadline: http.body_timeout,
        request_deadline: http.request_timeout,
        idle_deadline: http.idle_timeout,
        max_connections: http.max_connections,
        max_connections_per_address: Some(http.max_connections_per_address),
        drain_deadline: http.drain_timeout,
        // A client that has gone does not get its password hashed.
        allow_half_close: false,
        ..HttpLimits::default()
    }
}
