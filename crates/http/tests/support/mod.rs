//! A gateway on a free port over a fresh SQLite file, with two tenants.

#![expect(
    clippy::expect_used,
    reason = "helpers of tests: a panic is the message"
)]

use std::{net::TcpListener, num::NonZeroU32, sync::Arc, time::Duration};

use palisade_authz::{Gate, NamedTarget, Own, RequestContext, action};
use palisade_http::{
    App, PasswordSettings, ScimSettings, SessionSettings, Settings, SignInSettings, serve,
};
use palisade_store::{NewApiKey, Store, StoreOptions};
use palisade_tenancy::{Admission, CachedDirectory, Caller, Clock, Role, SystemClock, TenantId};
use serde_json::Value;

/// A running gateway.
pub(crate) struct Gateway {
    pub(crate) base: String,
    pub(crate) client: reqwest::Client,
    pub(crate) acme: Keys,
    pub(crate) globex: Keys,
    pub(crate) operator: String,
    _data: tempfile::TempDir,
}

/// A tenant and its keys.
pub(crate) struct Keys {
    pub(crate) tenant: String,
    pub(crate) owner: String,
    pub(crate) viewer: String,
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite://{}/palisade.db", data.path().display());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let options = StoreOptions {
            url,
            max_connections: 4,
            commit_grouping: true,
            replica_url: None,
            page_cache_kib: 65_536,
        };
        let store = Store::connect(&options, Arc::clone(&clock))
            .await
            .expect("connects");
        store.migrate_up().await.expect("migrates");
        let gate = Arc::new(Gate::new(store.clone()).expect("the platform's policies are valid"));
        let acme = tenant(&store, &gate, "acme").await;
        let globex = tenant(&store, &gate, "globex").await;
        let operator = key(&store, &gate, TenantId::PLATFORM, Vec::new()).await;
        let directory = Arc::new(CachedDirectory::new(store.clone()));
        let admission = Arc::new(Admission::new(directory, SystemClock));
        let attempts = NonZeroU32::new(10).expect("not zero");
        let settings = Settings {
            public_url: None,
            sessions: SessionSettings::default(),
            outbound: palisade_outbound::Reach::default(),
            passwords: PasswordSettings {
                attempts_of_identity: attempts,
                attempts_of_tenant: attempts,
            },
            sign_ins: SignInSettings {
                of_account: attempts,
                of_provider: attempts,
            },
            scim: ScimSettings {
                requests_per_second: attempts,
                burst: attempts,
            },
        };
        let app = Arc::new(App::new(store, gate, admission, clock, settings));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(serve(app, listener, 1, Duration::from_secs(1)).expect("serves"));
        Self {
            base,
            client: client(),
            acme,
            globex,
            operator,
            _data: data,
        }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// A request with a key and its tenant.
    pub(crate) fn of(
        &self,
        keys: &Keys,
        key: &str,
        method: &str,
        path: &str,
    ) -> reqwest::RequestBuilder {
        self.request(method, path)
            .header("x-api-key", key)
            .header("x-tenant-id", &keys.tenant)
    }

    /// A request of acme's owner.
    pub(crate) fn acme(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.of(&self.acme, &self.acme.owner, method, path)
    }

    /// A request of globex's owner.
    pub(crate) fn globex(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.of(&self.globex, &self.globex.owner, method, path)
    }

    /// Makes an identity of acme.
    pub(crate) async fn identity(&self, email: &str) -> Value {
        let body = serde_json::json!({ "traits": { "email": email } });
        let (status, body) = answer(self.acme("POST", "/admin/identities").json(&body)).await;
        assert_eq!(status, 201, "{body}");
        body
    }
}

/// Status and JSON body; `null` where there is none.
pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

async fn tenant(store: &Store, gate: &Gate<Store>, name: &str) -> Keys {
    let caller = Caller::operator_at_command_line();
    let grant = gate
        .decide::<action::CreateTenant>(&caller, Own, RequestContext::default())
        .await
        .expect("the operator may");
    let tenant = store
        .create_tenant(grant, name, None)
        .await
        .expect("a tenant");
    Keys {
        tenant: tenant.id.to_string(),
        owner: key(store, gate, tenant.id, vec![Role::Owner]).await,
        viewer: key(store, gate, tenant.id, vec![Role::Viewer]).await,
    }
}

async fn key(store: &Store, gate: &Gate<Store>, tenant: TenantId, roles: Vec<Role>) -> String {
    let caller = Caller::operator_at_command_line();
    let grant = gate
        .decide::<action::CreateTenantKey>(
            &caller,
            NamedTarget::tenant(tenant),
            RequestContext::default(),
        )
        .await
        .expect("the operator may");
    let new = NewApiKey {
        name: "test".to_owned(),
        roles,
        ..NewApiKey::default()
    };
    store
        .create_tenant_key(grant, new)
        .await
        .expect("a key")
        .1
        .reveal()
}

fn client() -> reqwest::Client {
    // It wants a library for TLS also where there is none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
