//! A store with two tenants that hold the same, and grants got the real way.

use std::{path::PathBuf, sync::Arc};

use palisade_authz::{
    Action, Authorized, Gate, IdentityTarget, NamedTarget, Own, Refusal, RequestContext, action,
};
use palisade_envelope::{Error, Result};
use palisade_identity::{
    Identity, IdentityId, SessionTokenTemplate,
    change::{self, Changed},
    decode,
    etag::IfMatch,
};
use palisade_store::{
    ImportGrants, NewApiKey, Page, PageRequest, Store, StoreOptions, TemplateDocument,
};
use palisade_tenancy::{
    Admission, ApiKey, CachedDirectory, Caller, Clock, Invalidation, Role, SystemClock, TenantId,
    admit::{Claims, TenantHeader},
};
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait as _,
};
use serde_json::{Value, json};

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) gate: Gate<Store>,
    pub(crate) raw: DatabaseConnection,
    pub(crate) url: String,
    pub(crate) operator: Arc<Caller>,
    pub(crate) owner: Arc<Caller>,
    pub(crate) key: ApiKey,
    pub(crate) twin: Arc<Caller>,
    folder: Option<PathBuf>,
}

/// Runs a case and compares the twin before and after.
pub(crate) async fn run(house: House, case: impl AsyncFnOnce(&House)) {
    house.store.flush().await;
    let before = house.dump(house.twin.tenant()).await;
    assert!(before.len() > 8, "the twin holds something in many tables");
    case(&house).await;
    let after = house.dump(house.twin.tenant()).await;
    assert_eq!(before, after, "the twin has changed");
    house.store.close().await;
    if let Some(folder) = &house.folder {
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn random() -> String {
    palisade_identity::ids::uuid_at(SystemClock.now())
        .simple()
        .to_string()
}

impl House {
    pub(crate) async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let url = format!("sqlite://{}/palisade.db", folder.display());
        Self::build(url, Some(folder)).await
    }

    pub(crate) async fn on_postgres() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests are told the server by the script that starts it"
        )]
        let server = std::env::var("PALISADE_TEST_POSTGRES")
            .expect("run tests/run, or tests/postgres start DIR and export PALISADE_TEST_POSTGRES");
        let name = format!("palisade_{}", random());
        let admin = Database::connect(&server)
            .await
            .expect("PostgreSQL answers");
        admin
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .expect("a database");
        admin.close().await.expect("closes");
        let (base, _) = server.rsplit_once('/').expect("a URL with a database");
        Self::build(format!("{base}/{name}"), None).await
    }

    pub(crate) fn options(url: &str) -> StoreOptions {
        StoreOptions {
            url: url.to_owned(),
            max_connections: 4,
            commit_grouping: true,
            replica_url: None,
            page_cache_kib: 65_536,
        }
    }

    async fn build(url: String, folder: Option<PathBuf>) -> Self {
        let store = Store::connect(&Self::options(&url), Arc::new(SystemClock))
            .await
            .expect("opens");
        assert!(!store.migrate_up().await.expect("migrates").is_empty());
        store.ready().await.expect("is ready");
        let gate = Gate::new(store.clone()).expect("a gate");
        let raw = Database::connect(&url).await.expect("a second connection");
        let operator = Caller::operator_at_command_line();
        let (owner, key) = tenant(&store, &gate, &operator, "acme").await;
        let (twin, _) = tenant(&store, &gate, &operator, "twin").await;
        let house = Self {
            store,
            gate,
            raw,
            url,
            operator,
            owner,
            key,
            twin,
            folder,
        };
        for caller in [&house.owner, &house.twin] {
            house.furnish(caller).await;
        }
        house
    }

    /// What both tenants hold.
    async fn furnish(&self, caller: &Arc<Caller>) {
        for (email, external_id) in [("ada@example.com", "emp-1"), ("bob@example.com", "emp-2")] {
            let account =
                json!({"config": {"providers": [{"provider": "google", "subject": email}]}});
            let password = json!({"config": {"hashed_password":
                "$argon2id$v=19$m=16,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg"}});
            let body = json!({"traits": {"email": email}, "external_id": external_id,
                "credentials": {"oidc": account, "password": password}});
            self.create(caller, body).await.expect("furnishes");
        }
        let ada = self.ada(caller).await;
        let session = palisade_store::NewSession {
            expires_at: SystemClock.now() + chrono::TimeDelta::hours(1),
            authenticated_at: SystemClock.now(),
            aal: palisade_identity::session::Aal::Aal1,
            authentication_methods: Vec::new(),
            device: None,
            retention: std::time::Duration::from_secs(3_600),
        };
        self.issue(caller, ada.id, session)
            .await
            .expect("issues a session");
        let text = r#"@id("say") forbid (principal, action, resource) when { false };"#;
        let policy = self
            .gate
            .validate(caller.tenant(), "house", text)
            .expect("a valid policy");
        let grant = self
            .grant::<action::PutPolicy>(caller, NamedTarget::policy("house"))
            .await;
        self.store
            .put_policy(grant, policy, None, |_| Ok(()))
            .await
            .expect("writes a policy");
        self.gate.invalidate(Invalidation::Tenant(caller.tenant()));
        let claim = if caller.tenant() == self.twin.tenant() {
            "twin"
        } else {
            "acme"
        };
        self.put_template(caller, "app", claim, None)
            .await
            .expect("writes a template");
    }

    pub(crate) async fn put_template(
        &self,
        caller: &Arc<Caller>,
        name: &str,
        claim: &str,
        expected: Option<IfMatch>,
    ) -> Result<(TemplateDocument, bool)> {
        let target = NamedTarget::session_token_template(name);
        let grant = self.grant(caller, target).await;
        self.store
            .put_session_token_template(grant, template(claim), expected)
            .await
    }

    pub(crate) async fn issue(
        &self,
        caller: &Arc<Caller>,
        identity: IdentityId,
        new: palisade_store::NewSession,
    ) -> Result<(palisade_store::KnownSession, palisade_tenancy::SessionToken)> {
        let grant = self
            .grant::<action::CreateSession>(caller, IdentityTarget::absent(identity))
            .await;
        self.store.create_session(grant, new).await
    }

    pub(crate) async fn decide<A: Action>(
        &self,
        caller: &Arc<Caller>,
        target: A::Target,
    ) -> Result<Authorized<A>, Refusal> {
        let context = RequestContext {
            request_id: "request".into(),
            ..RequestContext::default()
        };
        self.gate.decide::<A>(caller, target, context).await
    }

    pub(crate) async fn grant<A: Action>(
        &self,
        caller: &Arc<Caller>,
        target: A::Target,
    ) -> Authorized<A> {
        self.decide::<A>(caller, target)
            .await
            .map_err(Error::from)
            .expect("is allowed")
    }

    pub(crate) async fn of_tenant<A: Action<Target = NamedTarget>>(
        &self,
        tenant: TenantId,
    ) -> Authorized<A> {
        self.grant::<A>(&self.operator, NamedTarget::tenant(tenant))
            .await
    }

    pub(crate) async fn admit(&self, key: &ApiKey) -> Result<Arc<Caller>> {
        let admission = Admission::new(
            Arc::new(CachedDirectory::new(self.store.clone())),
            SystemClock,
        );
        let text = key.reveal();
        admission
            .admit(
                Claims {
                    api_key: &[text.as_bytes()],
                    ..Claims::default()
                },
                TenantHeader::Optional,
            )
            .await
    }

    /// The owner of another tenant.
    pub(crate) async fn another(&self, name: &str) -> Arc<Caller> {
        tenant(&self.store, &self.gate, &self.operator, name)
            .await
            .0
    }

    /// What runs now and writes is done at once at its end: on SQLite nothing is written before.
    pub(crate) async fn held_up<T>(&self, writes: impl Future<Output = T>) -> T {
        let options = TransactionOptions {
            sqlite_transaction_mode: (self.raw.get_database_backend() == DbBackend::Sqlite)
                .then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let raw = self.raw.begin_with_options(options).await.expect("begins");
        let let_go = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            raw.rollback().await.expect("ends");
        };
        futures_util::future::join(writes, let_go).await.0
    }

    /// The change that a body asks for.
    pub(crate) async fn changed(&self, caller: &Arc<Caller>, body: Value) -> Changed {
        let input = decode::create(body.to_string().as_bytes()).expect("a body");
        let schema = self
            .store
            .identity_schema(caller.scope(), input.schema_id())
            .await
            .expect("answers");
        let now = SystemClock.now();
        change::create(
            input,
            &schema.expect("a schema"),
            IdentityId::generate(now),
            now,
        )
        .expect("a change")
    }

    pub(crate) async fn create(&self, caller: &Arc<Caller>, body: Value) -> Result<Identity> {
        let changed = self.changed(caller, body).await;
        let grant = self.grant::<action::CreateIdentity>(caller, Own).await;
        let imports = self.imports(caller, &changed).await;
        self.store.create_identity(grant, changed, imports).await
    }

    /// All that a change with imported credentials may need.
    pub(crate) async fn imports(
        &self,
        caller: &Arc<Caller>,
        changed: &Changed,
    ) -> Option<ImportGrants> {
        if palisade_linking::imported::plan(&changed.identity).is_empty() {
            return None;
        }
        let target = IdentityTarget::of(&changed.identity);
        Some(ImportGrants {
            link: self.grant(caller, target).await,
            provider: Some(self.grant(caller, Own).await),
        })
    }

    pub(crate) async fn person(&self, email: &str) -> Identity {
        self.create(&self.owner, json!({"traits": {"email": email}}))
            .await
            .expect("creates")
    }

    pub(crate) async fn read(&self, caller: &Arc<Caller>, id: IdentityId) -> Option<Identity> {
        let sealed = self
            .store
            .load_identity(caller.scope(), id)
            .await
            .expect("answers");
        let grant = self
            .grant::<action::ReadIdentity>(caller, sealed.target())
            .await;
        sealed.open(&grant)
    }

    /// Ada of a tenant.
    pub(crate) async fn ada(&self, caller: &Arc<Caller>) -> Identity {
        let sealed = self
            .store
            .load_identity_by_external_id(caller.scope(), "emp-1")
            .await
            .expect("answers");
        let grant = self
            .grant::<action::ReadIdentity>(caller, sealed.target())
            .await;
        sealed.open(&grant).expect("Ada is there")
    }

    pub(crate) async fn update(
        &self,
        id: IdentityId,
        base: i64,
        changed: Changed,
    ) -> Result<Identity> {
        let grant = self
            .grant::<action::UpdateIdentity>(&self.owner, IdentityTarget::absent(id))
            .await;
        let imports = self.imports(&self.owner, &changed).await;
        self.store
            .update_identity(grant, base, changed, imports)
            .await
    }

    pub(crate) async fn delete(&self, id: IdentityId) -> Result<bool> {
        let grant = self
            .grant::<action::DeleteIdentity>(&self.owner, IdentityTarget::absent(id))
            .await;
        self.store.delete_identity(grant, None).await
    }

    pub(crate) async fn events(&self, caller: &Arc<Caller>) -> Vec<palisade_store::AuditEvent> {
        let grant = self.grant::<action::ListAuditEvents>(caller, Own).await;
        let page: Page<_> = self
            .store
            .list_audit_events(&grant, &Default::default(), &page(500, None))
            .await
            .expect("lists");
        page.items
    }

    /// Ends every connection to a database that has a server, but this one.
    pub(crate) async fn cut_connections(&self) {
        if self.raw.get_database_backend() == DbBackend::Postgres {
            let text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
            let statement = Statement::from_string(DbBackend::Postgres, text);
            self.raw.query_all_raw(statement).await.expect("cuts");
        }
    }

    /// A UUID as the database writes it.
    pub(crate) fn uuid(&self, id: uuid::Uuid) -> String {
        if self.raw.get_database_backend() == DbBackend::Postgres {
            format!("'{id}'")
        } else {
            format!("x'{}'", id.simple())
        }
    }

    /// How many rows of a table the statement's condition finds.
    pub(crate) async fn count(&self, from: &str) -> i64 {
        let statement = Statement::from_string(
            self.raw.get_database_backend(),
            format!("SELECT count(*) FROM {from}"),
        );
        let row = self
            .raw
            .query_one_raw(statement)
            .await
            .expect("counts")
            .expect("a row");
        row.try_get_by_index(0).expect("a number")
    }

    /// A UUID as the database's own text of a statement has it.
    pub(crate) fn literal(&self, id: uuid::Uuid) -> String {
        match self.raw.get_database_backend() {
            DbBackend::Sqlite => format!("x'{}'", id.simple()),
            _ => format!("'{id}'"),
        }
    }

    /// Every row of a tenant in every table of tenants, as text.
    pub(crate) async fn dump(&self, tenant: TenantId) -> Vec<String> {
        let backend = self.raw.get_database_backend();
        let mut rows = Vec::new();
        for (table, key) in palisade_migrations::TENANT_TABLES {
            let whole = if backend == DbBackend::Postgres {
                "t::text".to_owned()
            } else {
                self.quoted(table).await
            };
            let text = format!("SELECT {whole} FROM {table} t WHERE tenant_id = $1 ORDER BY {key}");
            let statement =
                Statement::from_sql_and_values(backend, text, [tenant.as_uuid().into()]);
            for row in self.raw.query_all_raw(statement).await.expect("dumps") {
                rows.push(format!(
                    "{table}: {}",
                    row.try_get_by_index::<String>(0).expect("text")
                ));
            }
        }
        rows
    }

    async fn quoted(&self, table: &str) -> String {
        let text = format!("SELECT name FROM pragma_table_info('{table}')");
        let rows = self
            .raw
            .query_all_raw(Statement::from_string(DbBackend::Sqlite, text))
            .await
            .expect("columns");
        let column =
            |row: &sea_orm::QueryResult| row.try_get_by_index::<String>(0).expect("a name");
        rows.iter()
            .map(|row| format!("quote({})", column(row)))
            .collect::<Vec<_>>()
            .join(" || '|' || ")
    }
}

pub(crate) fn template(claim: &str) -> SessionTokenTemplate {
    SessionTokenTemplate {
        ttl_seconds: 60,
        claims: [(claim.to_owned(), "/id".to_owned())].into(),
        audience: Vec::new(),
        subject_source: Default::default(),
    }
}

pub(crate) fn page(size: u32, token: Option<String>) -> PageRequest {
    let size = palisade_identity::page::PageSize::v1(Some(&size.to_string())).expect("a size");
    PageRequest { size, token }
}

async fn tenant(
    store: &Store,
    gate: &Gate<Store>,
    operator: &Arc<Caller>,
    name: &str,
) -> (Arc<Caller>, ApiKey) {
    let context = RequestContext::default;
    let allowed = "the operator may";
    let grant = gate
        .decide::<action::CreateTenant>(operator, Own, context())
        .await
        .map_err(Error::from)
        .expect(allowed);
    let tenant = store
        .create_tenant(grant, name, None)
        .await
        .expect("a tenant");
    let target = NamedTarget::tenant(tenant.id);
    let grant = gate
        .decide::<action::CreateTenantKey>(operator, target, context())
        .await
        .map_err(Error::from)
        .expect(allowed);
    let new = NewApiKey {
        name: "owner".into(),
        roles: vec![Role::Owner],
        ..NewApiKey::default()
    };
    let (_, key) = store.create_tenant_key(grant, new).await.expect("a key");
    let admission = Admission::new(Arc::new(CachedDirectory::new(store.clone())), SystemClock);
    let text = key.reveal();
    let claims = Claims {
        api_key: &[text.as_bytes()],
        ..Claims::default()
    };
    (
        admission
            .admit(claims, TenantHeader::Optional)
            .await
            .expect("is admitted"),
        key,
    )
}
