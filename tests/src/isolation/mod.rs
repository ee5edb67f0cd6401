//! One tenant, and another that holds the same names: what must not pass between them.

mod bleed;
mod reach;
mod tenants;

use serde_json::Value;

use crate::house::Tenant;

/// The token of the next page from a `Link` header.
pub(crate) fn next_token(link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let (_, after) = next.split_once("page_token=")?;
    Some(
        after
            .split(['&', '>'])
            .next()
            .unwrap_or_default()
            .to_owned(),
    )
}

/// Waits until the tenant's owner is refused; that takes at most a second on every node.
pub(crate) async fn eventually_refused(tenant: &Tenant, status: u16) {
    let start = std::time::Instant::now();
    while tenant.owner.get("/v1/whoami").await.status != status {
        assert!(
            start.elapsed() <= std::time::Duration::from_secs(1),
            "still not {status} after a second"
        );
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// An error body but for what differs from request to request.
pub(crate) fn without_request(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(error) = body.get_mut("error").and_then(Value::as_object_mut) {
        error.remove("request");
    }
    body
}
