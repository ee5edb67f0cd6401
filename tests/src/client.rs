//! A plain HTTP client with a caller's credential, and answers that explain themselves when they are not as expected.

use std::fmt;

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// Someone who calls the gateway.
#[derive(Clone)]
pub(crate) struct Caller {
    // Of this test alone: a connection belongs to the runtime that opened it.
    http: reqwest::Client,
    base: String,
    key: Option<String>,
    bearer: Option<String>,
    tenant: Option<String>,
}

impl Caller {
    /// Nobody yet.
    pub(crate) fn new(base: String) -> Self {
        Self {
            http: http().build().expect("a client"),
            base,
            key: None,
            bearer: None,
            tenant: None,
        }
    }

    /// The same caller with this key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self.clone()
        }
    }

    /// The same caller with this bearer token and nothing else.
    pub(crate) fn with_bearer(&self, token: &str) -> Self {
        Self {
            key: None,
            bearer: Some(token.to_owned()),
            tenant: None,
            ..self.clone()
        }
    }

    /// The same caller, sending `X-Tenant-ID`.
    pub(crate) fn with_tenant(&self, tenant: &str) -> Self {
        Self {
            tenant: Some(tenant.to_owned()),
            ..self.clone()
        }
    }

    /// The same caller, not sending `X-Tenant-ID`.
    pub(crate) fn without_tenant(&self) -> Self {
        Self {
            tenant: None,
            ..self.clone()
        }
    }

    /// The same caller at another node.
    pub(crate) fn at(&self, node: &crate::gateway::Gateway) -> Self {
        self.elsewhere(&format!("http://{}", node.address()))
    }

    /// The same caller at another base URL.
    pub(crate) fn elsewhere(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    /// The key.
    pub(crate) fn key(&self) -> &str {
        self.key.as_deref().expect("this caller has a key")
    }

    /// The bearer token.
    pub(crate) fn token(&self) -> &str {
        self.bearer.as_deref().expect("this caller has a token")
    }

    /// Where the gateway is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A request with the caller's headers, to be changed before it is sent.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.header("X-API-Key", key);
        }
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        if let Some(tenant) = &self.tenant {
            request = request.header("X-Tenant-ID", tenant);
        }
        request
    }

    /// GET.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    /// POST of a JSON body.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        send(self.request(Method::POST, path).json(&body)).await
    }

    /// PUT of a JSON body.
    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    /// PATCH with a JSON body.
    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Reply {
        send(self.request(Method::DELETE, path)).await
    }

    /// Every item of a `/v1` collection, page after page.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut page = path.to_owned();
        loop {
            let mut answer = self.get(&page).await.expect(200).json();
            let Value::Array(data) = answer["data"].take() else {
                panic!("{page} has no `data`: {answer}")
            };
            items.extend(data);
            let Some(token) = answer["next_page_token"].as_str() else {
                return items;
            };
            page = format!(
                "{path}{}page_token={token}",
                if path.contains('?') { '&' } else { '?' }
            );
        }
    }
}

/// Sends a request and reads the answer.
pub(crate) async fn send(request: RequestBuilder) -> Reply {
    try_send(request).await.expect("the gateway answers")
}

/// As [`send`], where the gateway may be gone.
pub(crate) async fn try_send(request: RequestBuilder) -> Result<Reply, reqwest::Error> {
    let (http, request) = request.build_split();
    let request = request?;
    let asked = format!("{} {}", request.method(), request.url());
    let response = http.execute(request).await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = String::from_utf8(response.bytes().await?.to_vec()).expect("answers are UTF-8");
    Ok(Reply {
        asked,
        status,
        headers,
        body,
    })
}

/// An answer.
pub(crate) struct Reply {
    asked: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    /// The answer, if it has this status; else the test ends here.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// The error envelope, if the answer has this status and code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self}");
        let body = self.json();
        assert_eq!(body["code"], code, "{self}");
        assert!(body["message"].is_string(), "{self}");
        body
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self}"))
    }

    /// The string at this JSON pointer of the body.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        let body = self.json();
        body.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no text at {pointer}: {self}"))
            .to_owned()
    }

    /// A header, empty where it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {}", self.asked, self.status, self.body)
    }
}

/// A client to be.
pub(crate) fn http() -> reqwest::ClientBuilder {
    // It wants a library for TLS also where there is none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}
