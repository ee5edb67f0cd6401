use std::{
    fmt,
    sync::{Arc, Mutex},
};

use palisade_authz::{Own, action};
use palisade_identity::{CredentialType, ProviderType, filter::IdentityFilter};
use palisade_store::{BatchItem, Consistency, NewIdentityProvider, ProviderSettings};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, TransactionTrait as _};
use serde_json::json;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::house::{self, House, page};

/// Every statement that the driver ran, in its words.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Text {
    summary: String,
    whole: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.trim().clone_into(&mut self.whole),
            _ => {}
        }
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let text = if text.whole.is_empty() {
            text.summary
        } else {
            text.whole
        };
        self.0.lock().expect("no test panics in it").push(text);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

impl Heard {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("no test panics in it"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_makes_no_statement_per_row_and_a_prefix_is_served_by_an_index() {
    let heard = Heard::default();
    tracing::subscriber::set_global_default(heard.clone()).expect("the only subscriber");
    house::run(House::on_sqlite().await, async |house: &House| {
        case(house, &heard).await;
        creations_that_wait_go_together(house, &heard).await;
    })
    .await;
    house::run(House::on_postgres().await, async |house: &House| {
        case(house, &heard).await;
    })
    .await;
}

/// What a tenant's session tokens are made with is asked for once, and of nobody in one statement.
async fn session_tokens_are_cached(house: &House, heard: &Heard) {
    let asked = async |tenant| {
        heard.take();
        let keys = house.store.public_session_token_keys(tenant).await;
        let statements = heard.take();
        (keys.expect("answers").len(), statements.len(), statements)
    };
    let tenant = house.owner.tenant();
    let (keys, first, statements) = asked(tenant).await;
    assert_eq!((keys, first), (1, 2), "keys and templates: {statements:#?}");
    let (keys, again, statements) = asked(tenant).await;
    assert_eq!((keys, again), (1, 0), "{statements:#?}");
    let nobody = palisade_tenancy::TenantId::from_uuid(palisade_identity::ids::Uuid::from_u128(1));
    let (keys, first, statements) = asked(nobody).await;
    assert_eq!((keys, first), (0, 1), "{statements:#?}");
}

async fn case(house: &House, heard: &Heard) {
    session_tokens_are_cached(house, heard).await;
    // The key of page tokens is read once.
    list_with_credentials(house, heard, 2).await;
    let few = list_with_credentials(house, heard, 2).await;
    for number in 0..60 {
        let password = json!({"config": {"hashed_password":
            "$argon2id$v=19$m=16,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg"}});
        let body = json!({"traits": {"email": format!("n{number}@example.com")},
            "credentials": {"password": password}});
        house.create(&house.owner, body).await.expect("creates");
    }
    let many = list_with_credentials(house, heard, 62).await;
    assert_eq!(
        few.len(),
        many.len(),
        "as many statements for 62 identities as for 2: {many:#?}"
    );
    let selects = |statements: &[String]| {
        statements
            .iter()
            // The first of a write may have its savepoint in front.
            .filter(|text| text.starts_with("SELECT") || text.contains("; SELECT"))
            .count()
    };
    assert_eq!(
        selects(&many),
        2,
        "one of identities, one of secrets: {many:#?}"
    );
    similar_is_a_range_of_an_index(house, heard).await;
    a_batch_takes_few_statements(house, heard).await;
    whoever_goes_is_looked_for_in_groups_by_an_index(house, heard).await;
}

/// The groups of a user who is deleted are found by who it is: how many memberships there are beside its own does not matter.
async fn whoever_goes_is_looked_for_in_groups_by_an_index(house: &House, heard: &Heard) {
    let new = NewIdentityProvider {
        name: "entra".into(),
        kind: ProviderType::Scim,
        issuer: None,
        settings: ProviderSettings::default(),
    };
    let grant = house
        .grant::<action::CreateIdentityProvider>(&house.owner, Own)
        .await;
    let provider = house.store.create_identity_provider(grant, new).await;
    let provider = provider.expect("a provider").id.as_uuid();
    let ada = house.person("grace@example.com").await;
    let tenant = house.owner.tenant().as_uuid();
    let backend = house.raw.get_database_backend();
    for text in [
        "INSERT INTO scim_users (tenant_id, provider_id, identity_id, user_name, names_active, label, document)
         VALUES ($1, $2, $3, 'grace', 0, 'grace', '{}')",
        "INSERT INTO external_identities (tenant_id, provider_id, identity_id, id, external_id, linked_by, created_at, updated_at)
         VALUES ($1, $2, $3, $3, 'grace', 'scim', 1, 1)",
    ] {
        let values: [sea_orm::Value; 3] = [tenant.into(), provider.into(), ada.id.as_uuid().into()];
        let statement = Statement::from_sql_and_values(backend, text, values);
        house.raw.execute_raw(statement).await.expect("writes");
    }
    heard.take();
    assert!(house.delete(ada.id).await.expect("deletes"));
    let asked = heard.take();
    let of_groups: Vec<&String> = asked
        .iter()
        .filter(|text| text.contains("scim_group_users"))
        .collect();
    assert_eq!(
        of_groups.len(),
        1,
        "who is in no group leaves none: {asked:#?}"
    );
    let text = of_groups[0].rsplit(';').next().expect("a statement");
    let plan = plan(house, text).await;
    // PostgreSQL goes by what it knows of the tables, and these are empty: that it goes by the user is all that can be seen.
    let by_user = |line: &&String| {
        line.contains("Index Cond") && line.contains("(identity_id = ")
            || line.contains("(tenant_id=? AND provider_id=? AND identity_id=?)")
    };
    assert!(
        !plan.iter().any(|line| line.contains("Seq Scan")),
        "{plan:#?}"
    );
    assert!(plan.iter().any(|line| by_user(&line)), "{plan:#?}");
}

async fn a_batch_takes_few_statements(house: &House, heard: &Heard) {
    let mut items = Vec::new();
    for number in 0..1_000 {
        let body = json!({"traits": {"email": format!("b{number}@example.com")}});
        let changed = Box::new(house.changed(&house.owner, body).await);
        items.push(BatchItem::Create {
            changed,
            imports: None,
        });
    }
    let batch = house
        .grant::<action::BatchIdentities>(&house.owner, Own)
        .await;
    let create = house
        .grant::<action::CreateIdentity>(&house.owner, Own)
        .await;
    heard.take();
    let made = house.store.batch_identities(batch, Some(create), items);
    assert!(made.await.expect("is done").iter().all(Result::is_ok));
    let asked = heard.take();
    assert!(
        asked.len() <= 100,
        "{} statements for a thousand: {asked:#?}",
        asked.len()
    );
}

async fn creations_that_wait_go_together(house: &House, heard: &Heard) {
    let creations = (0..20).map(|number| {
        let body = json!({"traits": {"email": format!("w{number}@example.com")}});
        house.create(&house.owner, body)
    });
    heard.take();
    for created in house
        .held_up(futures_util::future::join_all(creations))
        .await
    {
        created.expect("creates");
    }
    let heard = heard.take();
    let written = || {
        heard
            .iter()
            .filter(|text| text.contains("INSERT INTO identities "))
    };
    let rows = written().map(|text| text.matches("INSERT INTO identities ").count());
    assert_eq!(rows.sum::<usize>(), 20);
    assert!(written().count() <= 6, "{} round trips", written().count());
}

/// What was asked for a page of `count` identities with the secret parts of two kinds.
async fn list_with_credentials(house: &House, heard: &Heard, count: usize) -> Vec<String> {
    let list = house
        .grant::<action::ListIdentities>(&house.owner, Own)
        .await;
    let reveal = house
        .grant::<action::RevealCredentials>(&house.owner, Own)
        .await;
    heard.take();
    let filter = IdentityFilter::default();
    let (found, _) = house
        .store
        .list_identities_at(&list, &filter, &page(100, None), Consistency::Strong)
        .await
        .expect("lists");
    assert_eq!(found.items.len(), count);
    let kinds = [CredentialType::Password, CredentialType::Code];
    let revealed = house.store.reveal_secrets(&reveal, &found.items, &kinds);
    assert_eq!(revealed.await.expect("reveals").secrets.len(), count);
    heard.take()
}

async fn similar_is_a_range_of_an_index(house: &House, heard: &Heard) {
    let grant = house
        .grant::<action::ListIdentities>(&house.owner, Own)
        .await;
    let filter = IdentityFilter {
        credentials_identifier_similar: Some("n1".into()),
        ..IdentityFilter::default()
    };
    heard.take();
    let found = house
        .store
        .list_identities(&grant, &filter, &page(100, None))
        .await
        .expect("lists");
    assert_eq!(found.items.len(), 11);
    let asked = heard.take();
    let text = asked
        .iter()
        .find(|text| text.contains("identity_identifiers"))
        .expect("it looks at identifiers");
    let plan = plan(house, text).await;
    for line in plan
        .iter()
        .filter(|line| line.contains("Scan") || line.contains("SCAN"))
    {
        assert!(!line.contains("Seq Scan"), "{plan:#?}");
        let whole = line.contains("SCAN x") || line.contains("SCAN identity_identifiers");
        assert!(!whole, "{plan:#?}");
    }
    let range = |line: &&String| {
        (line.contains("Index Cond") || line.contains("USING")) && line.contains("identifier>")
            || line.contains("identifier >=")
    };
    assert_eq!(
        plan.iter().filter(range).count(),
        2,
        "one range for each way to keep identifiers: {plan:#?}"
    );
}

/// How the database goes about this statement.
async fn plan(house: &House, text: &str) -> Vec<String> {
    let backend = house.raw.get_database_backend();
    let raw = house.raw.begin().await.expect("begins");
    let explain = if backend == DbBackend::Postgres {
        // Tables this small are scanned whole, unless they may not be.
        for setting in [
            "enable_seqscan = off",
            "plan_cache_mode = force_generic_plan",
        ] {
            raw.execute_unprepared(&format!("SET LOCAL {setting}"))
                .await
                .expect("is set");
        }
        raw.execute_unprepared(&format!("PREPARE asked AS {text}"))
            .await
            .expect("prepares");
        let highest = (1..100)
            .rev()
            .find(|number| text.contains(&format!("${number}")))
            .expect("has values");
        format!(
            "EXPLAIN EXECUTE asked({})",
            vec!["NULL"; highest].join(", ")
        )
    } else {
        format!("EXPLAIN QUERY PLAN {text}")
    };
    // The last column is the line, whatever the columns before it.
    let column = if backend == DbBackend::Postgres { 0 } else { 3 };
    let rows = raw
        .query_all_raw(Statement::from_string(backend, explain))
        .await
        .expect("explains");
    let lines = rows
        .iter()
        .map(|row| row.try_get_by_index(column).expect("text"))
        .collect();
    if backend == DbBackend::Postgres {
        raw.execute_unprepared("DEALLOCATE asked")
            .await
            .expect("is gone");
    }
    raw.rollback().await.expect("ends");
    lines
}
