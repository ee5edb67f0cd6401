//! What the web framework brings to an admission: reads the credential's headers of a request, and leaves the
//! [`Caller`] in its extensions, and beside it the session that it was admitted by, where it was.

use std::{net::IpAddr, sync::Arc};

use actix_web::{HttpMessage as _, HttpRequest, dev::ServiceRequest, http::header::HeaderMap};
use palisade_envelope::Result;
use zeroize::Zeroizing;

use crate::{
    Admission, Arrival, Caller, Clock, Directory, IdentityCredential, Principal,
    admit::{Claims, TenantHeader},
    issuer,
};

/// The caller of this request; `None` before [`admit_request`] has let it through.
pub fn caller(request: &HttpRequest) -> Option<Arc<Caller>> {
    request.extensions().get::<Arc<Caller>>().cloned()
}

/// Admits the request. A caller is left in the request's extensions, where [`caller`] finds it, and returned.
///
/// # Errors
/// As [`Admission::arrive`]. The middleware that calls this renders them in the dialect of its surface.
pub async fn admit_request<D: Directory, C: Clock>(
    admission: &Admission<D, C>,
    header: TenantHeader,
    request: &ServiceRequest,
) -> Result<Arrival> {
    let sent = Sent::of(request.headers(), None);
    let arrival = admission.arrive(sent.claims(peer(request)), header).await?;
    if let Arrival::Caller(caller) = &arrival {
        request.extensions_mut().insert(Arc::clone(caller));
    }
    Ok(arrival)
}

/// Admits the request by the token of a session: in `X-Session-Token`, in `Authorization: Bearer`, or in the cookie of
/// this name. Caller and session are left in the request's extensions, where [`caller`] and [`presented`] find them.
///
/// # Errors
/// As [`Admission::admit_session`].
pub async fn admit_session_request<D: Directory, C: Clock>(
    admission: &Admission<D, C>,
    cookie: &str,
    request: &ServiceRequest,
) -> Result<Arc<Caller>> {
    let sent = Sent::of(request.headers(), Some(cookie));
    let (caller, session) = admission.admit_session(sent.claims(peer(request))).await?;
    let mut extensions = request.extensions_mut();
    extensions.insert(Arc::clone(&caller));
    extensions.insert(session);
    Ok(caller)
}

/// Admits the request by the key of a connection. The caller is left in the request's extensions, where [`caller`] finds it.
///
/// # Errors
/// As [`Admission::admit_connection`].
pub async fn admit_connection_request<D: Directory, C: Clock>(
    admission: &Admission<D, C>,
    request: &ServiceRequest,
) -> Result<Arc<Caller>> {
    let sent = Sent::of(request.headers(), None);
    let caller = admission
        .admit_connection(sent.claims(peer(request)))
        .await?;
    request.extensions_mut().insert(Arc::clone(&caller));
    Ok(caller)
}

/// The session that this request was admitted by, the first time it is asked for.
pub fn presented<P: 'static>(request: &HttpRequest) -> Option<P> {
    request.extensions_mut().remove::<P>()
}

/// The headers that claim something about the caller.
struct Sent<'a> {
    api_key: Vec<&'a [u8]>,
    authorization: Vec<&'a [u8]>,
    session_token: Vec<&'a [u8]>,
    session_cookie: Vec<&'a [u8]>,
    tenant: Vec<&'a [u8]>,
}

impl<'a> Sent<'a> {
    fn of(headers: &'a HeaderMap, cookie: Option<&str>) -> Self {
        Self {
            api_key: all(headers, "x-api-key"),
            authorization: all(headers, "authorization"),
            session_token: all(headers, "x-session-token"),
            session_cookie: cookie.map_or_else(Vec::new, |name| cookies(headers, name)),
            tenant: all(headers, "x-tenant-id"),
        }
    }

    fn claims(&'a self, peer: Option<IpAddr>) -> Claims<'a> {
        Claims {
            api_key: &self.api_key,
            authorization: &self.authorization,
            session_token: &self.session_token,
            session_cookie: &self.session_cookie,
            tenant: &self.tenant,
            peer,
        }
    }
}

fn peer(request: &ServiceRequest) -> Option<IpAddr> {
    request.peer_addr().map(|address| address.ip())
}

/// The values of every cookie of this name (RFC 6265 section 4.2.1): a second one may have been planted by a
/// neighbouring host, so none is passed over.
fn cookies<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a [u8]> {
    headers
        .get_all("cookie")
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let (key, value) =
                pair.split_at_checked(pair.iter().position(|byte| *byte == b'=')?)?;
            let value = value.get(1..)?.trim_ascii();
            let quoted = value
                .strip_prefix(b"\"")
                .and_then(|value| value.strip_suffix(b"\""));
            (key.trim_ascii() == name.as_bytes()).then_some(quoted.unwrap_or(value))
        })
        .collect()
}

/// A secret that only the holder of the credential of an admitted request has, an API key or the token of an identity
/// provider, to seal with what is kept for it alone; `None` before [`admit_request`] has let it through, and for the token of a
/// session.
pub fn sealing_key(request: &HttpRequest) -> Option<Zeroizing<[u8; 32]>> {
    const PURPOSE: &[u8] = b"palisade sealing key 1";
    let admitted = caller(request)?;
    let sent = Sent::of(request.headers(), None);
    let claims = sent.claims(None);
    if comes_with_token(&admitted) {
        return issuer::derive(claims.token()?, PURPOSE);
    }
    claims
        .key()
        .filter(|key| {
            key.tenant() == admitted.tenant()
                && key.id().as_uuid() == admitted.principal().id().as_uuid()
        })?
        .derive(PURPOSE)
}

/// Whether the caller came with the token of an identity provider.
pub fn comes_with_token(caller: &Caller) -> bool {
    matches!(
        caller.principal(),
        Principal::Identity {
            credential: IdentityCredential::Token,
            ..
        }
    )
}

fn all<'a>(headers: &'a HeaderMap, name: &'static str) -> Vec<&'a [u8]> {
    headers
        .get_all(name)
        .map(|value| value.as_bytes())
        .collect()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{COOKIE, HeaderValue};

    use super::*;

    #[test]
    fn every_cookie_of_the_name_is_seen_and_no_other() {
        let mut headers = HeaderMap::new();
        for text in [
            "a=1; ory_kratos_session=one;  b=2",
            "ory_kratos_session=\"two\"; xory_kratos_session=x; ory_kratos_session_x=x; ory_kratos_session",
        ] {
            headers.append(COOKIE, HeaderValue::from_static(text));
        }
        let found = cookies(&headers, "ory_kratos_session");
        assert_eq!(found, [b"one", b"two"]);
        assert!(cookies(&headers, "c").is_empty());
    }
}
