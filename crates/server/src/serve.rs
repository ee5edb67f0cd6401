//! Serving, from the first request to the last.

use std::{net::TcpListener, sync::Arc};

use palisade_http::{
    App, PasswordSettings, ScimSettings, SessionSettings, Settings, SignInSettings,
};
use palisade_tenancy::SystemClock;
use tokio::signal::unix::{SignalKind, signal};

use crate::{Failure, config::Config, exposition, listener, node::Node, telemetry::Telemetry};

/// Serves on `socket` until a signal, then lets the requests in flight finish. `announce` is called with the
/// base URL as soon as requests are accepted.
pub(crate) async fn serve(
    config: &Config,
    node: Node,
    socket: TcpListener,
    telemetry: Telemetry,
    announce: impl FnOnce(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut terminate = listen_for(SignalKind::terminate())?;
    let mut interrupt = listen_for(SignalKind::interrupt())?;
    let address = listener::address(&socket)?;
    let metrics = config
        .metrics
        .listen()?
        .map(exposition::start)
        .transpose()?;
    let app = Arc::new(App::new(
        node.store.clone(),
        Arc::clone(&node.gate),
        Arc::clone(&node.admission),
        Arc::new(SystemClock),
        Settings {
            public_url: config.server.public_url(),
            sessions: SessionSettings {
                lifespan: config.sessions.lifespan(),
                longest_lifespan: config.sessions.longest_lifespan(),
                retention: config.sessions.retention(),
                cookie: config.sessions.cookie_name().to_owned(),
            },
            passwords: PasswordSettings {
                attempts_of_identity: config.passwords.attempts_of_identity(),
                attempts_of_tenant: config.passwords.attempts_of_tenant(),
            },
            sign_ins: SignInSettings {
                of_account: config.issuers.sign_ins_of_account(),
                of_provider: config.issuers.sign_ins_of_provider(),
            },
            scim: ScimSettings {
                requests_per_second: config.scim.requests_per_second(),
                burst: config.scim.burst(),
            },
            outbound: config.issuers.reach(),
        },
    ));
    let server = palisade_http::serve(
        app,
        socket,
        config.server.workers(),
        config.server.shutdown_timeout(),
    )
    .map_err(|error| Failure::new(format!("can't serve on {address}: {error}")))?;
    let handle = server.handle();
    let mut serving = tokio::spawn(server);
    announce(&listener::base_url(address))?;
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");

    let ended = tokio::select! {
        ended = &mut serving => Some(ended),
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            tracing::info!(
                "shutting down: no new requests, those in flight are finished; a second signal cuts them off"
            );
            let graceful = tokio::spawn(handle.stop(true));
            tokio::select! {
                _ = graceful => {}
                _ = terminate.recv() => handle.stop(false).await,
                _ = interrupt.recv() => handle.stop(false).await,
            }
            serving.await
        }
    };
    if let Some(metrics) = metrics {
        metrics.stop(false).await;
    }
    node.close().await;
    tracing::info!("stopped");
    telemetry.flush().await;
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Failure::new(format!(
            "serving on {address} failed: {error}"
        ))),
        Err(error) => Err(Failure::new(format!(
            "serving on {address} failed: {error}"
        ))),
    }
}

fn listen_for(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
    signal(kind).map_err(|error| Failure::new(format!("signals can't be listened for: {error}")))
}
