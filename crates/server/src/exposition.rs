//! `GET /metrics`, on a listener of its own: it has no callers to tell apart, and must not be reachable where the
//! API is.

use std::{net::SocketAddr, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::ServerHandle,
    web::{self, Data},
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{Failure, listener};

/// The bounds of every histogram of seconds: from a cached answer to a client that has given up.
const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// How often histograms are folded together while nobody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts to record metrics and to serve them on `address`.
pub(crate) fn start(address: SocketAddr) -> Result<ServerHandle, Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::new(format!("metrics can't be recorded: {error}"));
    let recorded = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .map_err(|error| failed(&error))?
        .install_recorder()
        .map_err(|error| failed(&error))?;
    let socket = listener::bind(address, "`metrics.listen`")?;
    let bound = listener::address(&socket)?;
    let served = Data::new(recorded.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(served.clone())
            .route("/metrics", web::get().to(render))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(socket)
    .map_err(|error| failed(&error))?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(UPKEEP);
        loop {
            tick.tick().await;
            recorded.run_upkeep();
        }
    });
    tracing::info!(address = %bound, "metrics are served at /metrics");
    Ok(handle)
}

async fn render(recorded: Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(recorded.render())
}
