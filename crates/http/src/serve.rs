//! From the route table to a listening server.

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix_web::{HttpServer, dev::Server, middleware::from_fn, web};

use crate::{
    App, catalogue,
    door::door,
    routes::Operation,
    station::{Station, nothing_here},
};

/// Adds every route and the application's parts to an actix application. [`serve`] wraps it in the door, too.
pub fn configure(app: Arc<App>) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    let stations: Arc<[Arc<Station>]> = stations(catalogue::table().into_operations()).into();
    move |config| {
        config.app_data(web::Data::from(Arc::clone(&app)));
        for station in stations.iter() {
            let mut resource = web::resource(station.patterns());
            for operation in &station.operations {
                resource = resource.route(operation.route());
            }
            let otherwise = Arc::clone(station);
            let resource = resource.default_service(web::to(move || {
                let answer = otherwise.not_allowed();
                async move { answer }
            }));
            let (app, station) = (Arc::clone(&app), Arc::clone(station));
            config.service(resource.wrap(from_fn(move |request, next| {
                Arc::clone(&station).pass(Arc::clone(&app), request, next)
            })));
        }
        config.default_service(web::to(nothing_here));
    }
}

/// Operations by path, paths without parameters first: where both fit, the literal one is meant.
fn stations(operations: Vec<Operation>) -> Vec<Arc<Station>> {
    let mut by_path: Vec<(String, Vec<Arc<Operation>>)> = Vec::new();
    for operation in operations {
        let path = operation.path.clone();
        let operation = Arc::new(operation);
        match by_path.iter_mut().find(|(known, _)| *known == path) {
            Some((_, operations)) => operations.push(operation),
            None => by_path.push((path, vec![operation])),
        }
    }
    by_path.sort_by_key(|(path, _)| path.contains('{'));
    by_path
        .into_iter()
        .map(|(path, operations)| Arc::new(Station::new(path, operations)))
        .collect()
}

/// A server on this listener. It runs when awaited or spawned, on any tokio runtime; it minds no signals, its
/// handle stops it. On a graceful stop requests in flight get `shutdown_timeout` to finish.
///
/// # Errors
/// When the listener can't be made asynchronous.
pub fn serve(
    app: Arc<App>,
    listener: TcpListener,
    workers: usize,
    shutdown_timeout: Duration,
) -> std::io::Result<Server> {
    let routes = configure(Arc::clone(&app));
    let factory = move || {
        let clock = Arc::clone(&app.clock);
        actix_web::App::new()
            .configure(routes.clone())
            .wrap(from_fn(move |request, next| {
                door(Arc::clone(&clock), request, next)
            }))
    };
    let server = HttpServer::new(factory)
        .workers(workers.max(1))
        .shutdown_timeout(shutdown_timeout.as_secs().max(1))
        .client_request_timeout(Duration::from_secs(30))
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}
