//! What the web framework brings to an admission: reads the credential's headers of a request, and leaves the
//! [`Caller`] in its extensions.

use std::sync::Arc;

use actix_web::{HttpMessage as _, HttpRequest, dev::ServiceRequest, http::header::HeaderMap};
use palisade_envelope::Result;
use zeroize::Zeroizing;

use crate::{
    Admission, Caller, Clock, Directory,
    admit::{Claims, TenantHeader},
};

/// The caller of this request; `None` before [`admit_request`] has let it through.
pub fn caller(request: &HttpRequest) -> Option<Arc<Caller>> {
    request.extensions().get::<Arc<Caller>>().cloned()
}

/// Admits the request. The caller is left in the request's extensions, where [`caller`] finds it, and returned.
///
/// # Errors
/// As [`Admission::admit`]. The middleware that calls this renders them in the dialect of its surface.
pub async fn admit_request<D: Directory, C: Clock>(
    admission: &Admission<D, C>,
    header: TenantHeader,
    request: &ServiceRequest,
) -> Result<Arc<Caller>> {
    let headers = request.headers();
    let (api_key, authorization, tenant) = (
        all(headers, "x-api-key"),
        all(headers, "authorization"),
        all(headers, "x-tenant-id"),
    );
    let claims = Claims {
        api_key: &api_key,
        authorization: &authorization,
        tenant: &tenant,
        peer: request.peer_addr().map(|address| address.ip()),
    };
    let caller = admission.admit(claims, header).await?;
    request.extensions_mut().insert(Arc::clone(&caller));
    Ok(caller)
}

/// A secret that only the caller of an admitted request has, to seal with what is kept for it alone; `None` before
/// [`admit_request`] has let it through.
pub fn sealing_key(request: &HttpRequest) -> Option<Zeroizing<[u8; 32]>> {
    let admitted = caller(request)?;
    let headers = request.headers();
    let (api_key, authorization) = (all(headers, "x-api-key"), all(headers, "authorization"));
    let claims = Claims {
        api_key: &api_key,
        authorization: &authorization,
        ..Claims::default()
    };
    claims
        .key()
        .filter(|key| key.tenant() == admitted.tenant() && key.id() == admitted.principal().id())?
        .derive(b"palisade sealing key 1")
}

fn all<'a>(headers: &'a HeaderMap, name: &'static str) -> Vec<&'a [u8]> {
    headers
        .get_all(name)
        .map(|value| value.as_bytes())
        .collect()
}
