use crate::{
    Failure, config::Config, listener, node, node::Node, serve::serve, telemetry::Telemetry,
};

/// `palisade serve`
pub(super) async fn run(settings: &Config) -> Result<(), Failure> {
    let telemetry = Telemetry::start(settings)?;
    let store = node::connect_migrated(&settings.database).await?;
    let socket = listener::bind(settings.server.listen()?, "`server.listen`")?;
    serve(
        settings,
        Node::start(store, Some(&settings.issuers))?,
        socket,
        telemetry,
        |_| Ok(()),
    )
    .await
}
