//! What provisioning systems keep.

use std::sync::Arc;

use palisade_authz::{
    ConnectionTarget, IdentityTarget, NamedTarget, Own, ScimGroupTarget, ScimUserTarget, action,
};
use palisade_envelope::{Code, Result};
use palisade_identity::{
    GroupId, IdentityId, LinkedBy, ProviderType,
    change::{self, CreateIdentity},
};
use palisade_linking::{
    Why,
    manual::{Happened, plan_undo},
    provisioned,
};
use palisade_scim::{
    ResourceType, filter,
    query::Page,
    resource::{Incoming, Member},
};
use palisade_store::{
    AccountFilter, BatchItem, GroupNext, IdentityProviderUpdate, ListRequest, Membership,
    NewConnectionKey, NewIdentityProvider, ProviderSettings, ScimGroup, ScimUser, UserWrite,
};
use palisade_tenancy::{
    Admission, CachedDirectory, Caller, Clock, Role, SystemClock, admit::Claims,
};
use sea_orm::{
    ConnectionTrait, DbBackend, SqlErr, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait as _, Value,
};
use serde_json::json;

use crate::house::{House, page};

impl House {
    /// A provisioning system of the caller's tenant.
    async fn client(&self, owner: &Arc<Caller>, name: &str) -> Arc<Caller> {
        self.connect(owner, name).await.1
    }

    /// A connection of the caller's tenant: what its key comes as, and the provisioning system.
    async fn connect(&self, owner: &Arc<Caller>, name: &str) -> (Vec<u8>, Arc<Caller>) {
        let grant = self
            .grant::<action::CreateIdentityProvider>(owner, Own)
            .await;
        let new = NewIdentityProvider {
            name: name.to_owned(),
            kind: ProviderType::Scim,
            issuer: None,
            settings: ProviderSettings::default(),
        };
        let provider = self
            .store
            .create_identity_provider(grant, new)
            .await
            .expect("a provider");
        let target = NamedTarget::identity_provider(provider.id);
        let grant = self
            .grant::<action::CreateConnectionKey>(owner, target)
            .await;
        let new = NewConnectionKey {
            name: "first".to_owned(),
            scopes: Role::OF_CONNECTIONS.to_vec(),
            expires_at: None,
        };
        let (_, key) = self
            .store
            .create_connection_key(grant, new)
            .await
            .expect("a key")
            .expect("a connection");
        let bearer = format!("Bearer {}", key.reveal()).into_bytes();
        let client = self.come(&bearer).await.expect("the key is good");
        (bearer, client)
    }

    /// Whom this lets in.
    async fn come(&self, bearer: &[u8]) -> Result<Arc<Caller>> {
        let directory = Arc::new(CachedDirectory::new(self.store.clone()));
        let claims = Claims {
            authorization: &[bearer],
            ..Claims::default()
        };
        Admission::new(directory, SystemClock)
            .admit_connection(claims)
            .await
    }

    async fn deprovision(&self, client: &Arc<Caller>, id: IdentityId) -> Result<bool> {
        let connection = ConnectionTarget::of(client)?;
        let target = sealed_target(connection, id);
        let grant = self.grant::<action::DeleteScimUser>(client, target).await;
        self.store.delete_scim_user(grant, None).await
    }

    /// A group of these members.
    async fn group(&self, client: &Arc<Caller>, name: &str, members: &[&ScimUser]) -> ScimGroup {
        let connection = ConnectionTarget::of(client).expect("a connection");
        let grant = self
            .grant::<action::CreateScimGroup>(client, connection)
            .await;
        let body = json!({"displayName": name});
        let of = ResourceType::group();
        let members: Vec<Member> = members
            .iter()
            .map(|user| Member {
                id: user.id.to_string(),
                kind: None,
            })
            .collect();
        let next = GroupNext {
            resource: Incoming::create(&body, &of).expect("is fine").resource,
            membership: Membership::only(&members),
        };
        let made = self.store.create_scim_group(grant, next, false).await;
        made.expect("a group")
    }

    /// The revision of a group, how many members it says that it has, and how many it has.
    async fn size(&self, client: &Arc<Caller>, id: GroupId) -> (i64, u64, usize) {
        let connection = ConnectionTarget::of(client).expect("a connection");
        let scope = client.scope();
        let sealed = self.store.load_scim_group(scope, connection, id).await;
        let target = ScimGroupTarget { connection, id };
        let grant = self.grant::<action::ReadScimGroup>(client, target).await;
        let group = sealed.expect("answers").open(&grant).expect("is there");
        let members = self
            .store
            .members_of_scim_group(scope, connection, id)
            .await;
        (group.revision, group.size, members.expect("answers").len())
    }

    async fn provision(&self, client: &Arc<Caller>, body: serde_json::Value) -> Result<ScimUser> {
        let resource = Incoming::create(&body, &ResourceType::user())?.resource;
        let schema = self
            .store
            .identity_schema(client.scope(), "scim")
            .await?
            .expect("a schema");
        let input = CreateIdentity {
            schema_id: Some("scim".to_owned()),
            traits: Some(json!({"username": body["userName"]})),
            ..CreateIdentity::default()
        };
        let now = SystemClock.now();
        let changed = change::create(input, &schema, IdentityId::generate(now), now)?;
        let said = provisioned::Provisioned {
            user_name: body["userName"].as_str().expect("a name"),
            external_id: body["externalId"].as_str(),
            ..provisioned::Provisioned::default()
        };
        let link = provisioned::plan(changed.identity.id, said);
        let target = ConnectionTarget::of(client)?;
        let grant = self.grant::<action::CreateScimUser>(client, target).await;
        let write = UserWrite {
            changed,
            resource,
            link,
            disabled_at: None,
        };
        self.store.create_scim_user(grant, write).await
    }

    async fn names(&self, client: &Arc<Caller>, text: &str) -> Vec<String> {
        let of = ResourceType::user();
        let filter = filter::parse(text, &of).expect("a filter");
        let target = ConnectionTarget::of(client).expect("a connection");
        let grant = self.grant::<action::ListScimUsers>(client, target).await;
        let request = ListRequest {
            filter: Some(&filter),
            sort: None,
            page: &Page::default(),
            fingerprint: text,
            computed: true,
        };
        let complete = |user: &ScimUser| user.resource.attributes().clone();
        let page = self
            .store
            .list_scim_users(&grant, request, complete)
            .await
            .expect("lists");
        assert_eq!(page.total, page.items.len() as u64);
        page.items
            .iter()
            .map(|user| {
                user.resource.attributes()["userName"]
                    .as_str()
                    .expect("a name")
                    .to_owned()
            })
            .collect()
    }
}

pub(crate) async fn abuse_01_a_user_of_another_connection_or_tenant_is_absent(house: &House) {
    let mine = house.client(&house.owner, "entra").await;
    let neighbour = house.client(&house.owner, "okta").await;
    let elsewhere = house.another("elsewhere").await;
    let foreign = house.client(&elsewhere, "entra").await;
    for other in [&neighbour, &foreign] {
        let name = format!("ada-{}", other.principal().id());
        let user = house
            .provision(other, json!({"userName": name, "externalId": "1"}))
            .await
            .expect("a user");
        let connection = ConnectionTarget::of(&mine).expect("a connection");
        let sealed = house
            .store
            .load_scim_user(mine.scope(), connection, user.id, true)
            .await
            .expect("answers");
        let grant = house
            .grant::<action::ReadScimUser>(&mine, sealed.target())
            .await;
        assert!(sealed.open(&grant).is_none());
        assert_eq!(
            house.names(&mine, &format!("id eq \"{}\"", user.id)).await,
            Vec::<String>::new()
        );
        let target = sealed_target(connection, user.id);
        let grant = house.grant::<action::DeleteScimUser>(&mine, target).await;
        assert!(
            !house
                .store
                .delete_scim_user(grant, None)
                .await
                .expect("answers")
        );
        // And where the row is there, a grant on another connection's user does not open it.
        let connection = ConnectionTarget::of(other).expect("a connection");
        let sealed = house
            .store
            .load_scim_user(other.scope(), connection, user.id, false)
            .await
            .expect("answers");
        let own = sealed_target(ConnectionTarget::of(&mine).expect("a connection"), user.id);
        let grant = house.grant::<action::ReadScimUser>(&mine, own).await;
        assert!(sealed.open(&grant).is_none());
        assert_eq!(house.names(other, "externalId eq \"1\"").await, [name]);
    }
}

fn sealed_target(connection: ConnectionTarget, id: IdentityId) -> ScimUserTarget {
    ScimUserTarget {
        connection,
        identity: IdentityTarget::absent(id),
    }
}

pub(crate) async fn the_database_refuses_members_of_other_connections_and_tenants(house: &House) {
    let mine = house.client(&house.owner, "entra").await;
    let neighbour = house.client(&house.owner, "okta").await;
    let elsewhere = house.another("elsewhere").await;
    let foreign = house.client(&elsewhere, "entra").await;
    let connection = ConnectionTarget::of(&mine).expect("a connection");
    let grant = house
        .grant::<action::CreateScimGroup>(&mine, connection)
        .await;
    let body = json!({"displayName": "Engineers"});
    let resource = Incoming::create(&body, &ResourceType::group())
        .expect("is fine")
        .resource;
    let next = GroupNext {
        resource: resource.clone(),
        membership: Membership::default(),
    };
    let group = house
        .store
        .create_scim_group(grant, next, false)
        .await
        .expect("a group");
    for other in [&neighbour, &foreign] {
        let name = format!("ada-{}", other.principal().id());
        let user = house
            .provision(other, json!({"userName": name}))
            .await
            .expect("a user");
        let text = "INSERT INTO scim_group_users (tenant_id, provider_id, group_id, identity_id) VALUES ($1, $2, $3, $4)";
        let values: [Value; 4] = [
            mine.tenant().as_uuid().into(),
            connection.id().as_uuid().into(),
            group.id.as_uuid().into(),
            user.id.as_uuid().into(),
        ];
        let statement =
            Statement::from_sql_and_values(house.raw.get_database_backend(), text, values);
        let error = house.raw.execute_raw(statement).await.expect_err("refused");
        assert!(
            matches!(
                error.sql_err(),
                Some(SqlErr::ForeignKeyConstraintViolation(_))
            ),
            "{error}"
        );
        // Through the store it is a refusal that names the attribute.
        let target = ScimGroupTarget {
            connection,
            id: group.id,
        };
        let grant = house.grant::<action::UpdateScimGroup>(&mine, target).await;
        let member = Member {
            id: user.id.to_string(),
            kind: None,
        };
        let resource = resource.clone();
        let refused = house
            .store
            .update_scim_group(grant, None, false, move |_| {
                Ok(GroupNext {
                    resource: resource.clone(),
                    membership: Membership::only(std::slice::from_ref(&member)),
                })
            })
            .await
            .expect_err("refused");
        assert_eq!(refused.code(), Code::InvalidRequest);
        assert_eq!(refused.envelope().details["path"], "members");
    }
}

pub(crate) async fn a_subject_that_a_person_took_away_is_not_linked_again(house: &House) {
    let client = house.client(&house.owner, "entra").await;
    let connection = ConnectionTarget::of(&client).expect("a connection");
    // As a review that was rejected leaves it, or an account that was returned: known, and linked to nobody.
    let text = "INSERT INTO external_identities
        (tenant_id, id, provider_id, external_id, linked_by, created_at, updated_at) VALUES ($1, $2, $3, $4, 'auto', 1, 1)";
    let values: [Value; 4] = [
        client.tenant().as_uuid().into(),
        palisade_identity::LinkId::generate(SystemClock.now())
            .as_uuid()
            .into(),
        connection.id().as_uuid().into(),
        "00u1".into(),
    ];
    let backend = house.raw.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, text, values);
    house.raw.execute_raw(statement).await.expect("a row");
    let error = house
        .provision(&client, json!({"userName": "ada", "externalId": "00u1"}))
        .await
        .expect_err("a conflict");
    assert_eq!(error.code(), Code::Conflict);
    assert_eq!(
        error.envelope().details["conflicts"],
        json!([{"field": "externalId"}])
    );
    assert_eq!(
        house.names(&client, "userName pr").await,
        Vec::<String>::new()
    );
    let text =
        "SELECT 1 FROM external_identities WHERE identity_id IS NOT NULL AND external_id = '00u1'";
    let statement = Statement::from_string(backend, text);
    let found = house.raw.query_all_raw(statement).await.expect("answers");
    assert!(found.is_empty());
}

pub(crate) async fn a_taken_name_is_a_conflict_in_the_clients_words(house: &House) {
    let client = house.client(&house.owner, "entra").await;
    let first = json!({"userName": "Ada", "externalId": "1"});
    house.provision(&client, first).await.expect("a user");
    for (body, field) in [
        (json!({"userName": "aDA"}), "userName"),
        (json!({"userName": "bob", "externalId": "1"}), "externalId"),
    ] {
        let error = house.provision(&client, body).await.expect_err("taken");
        assert_eq!(error.code(), Code::Conflict);
        assert_eq!(
            error.envelope().details["conflicts"],
            json!([{"field": field}])
        );
    }
    assert_eq!(house.names(&client, "userName pr").await, ["Ada"]);
    // What is no column is decided on the documents.
    assert_eq!(
        house
            .names(&client, "title pr or userName eq \"ADA\"")
            .await,
        ["Ada"]
    );
    assert_eq!(house.names(&client, "title pr").await, Vec::<String>::new());
}

pub(crate) async fn the_key_of_a_disabled_provider_is_none(house: &House) {
    let (bearer, client) = house.connect(&house.owner, "entra").await;
    let (other, _) = house.connect(&house.owner, "okta").await;
    let provider = ConnectionTarget::of(&client).expect("a connection").id();
    for enabled in [false, true] {
        let grant = house
            .grant::<action::UpdateIdentityProvider>(
                &house.owner,
                NamedTarget::identity_provider(provider),
            )
            .await;
        let update = IdentityProviderUpdate {
            settings: Some(ProviderSettings {
                enabled,
                ..ProviderSettings::default()
            }),
            ..IdentityProviderUpdate::default()
        };
        let store = &house.store;
        let updated = store.update_identity_provider(grant, update, None).await;
        assert!(updated.expect("updates").is_some());
        let came = house.come(&bearer).await;
        if enabled {
            assert!(came.is_ok(), "it is let in again");
        } else {
            let error = came.expect_err("the provider is disabled");
            assert_eq!(error.code(), Code::Unauthenticated);
        }
        assert!(house.come(&other).await.is_ok(), "another one's is good");
    }
}

pub(crate) async fn abuse_41_a_provisioned_account_that_is_taken_away_leaves_no_half_behind(
    house: &House,
) {
    let client = house.client(&house.owner, "entra").await;
    let ada = json!({"userName": "ada", "externalId": "00u1"});
    let ada = house.provision(&client, ada.clone()).await.expect("a user");
    let bob = json!({"userName": "bob", "externalId": "00u2"});
    let bob = house.provision(&client, bob).await.expect("a user");
    let group = house.group(&client, "Engineers", &[&ada, &bob]).await;
    let before = house.size(&client, group.id).await;
    assert_eq!((before.1, before.2), (2, 2));
    let link = house.links(ada.id).await.remove(0);
    assert_eq!(link.linked_by, LinkedBy::Scim);

    let kept = house.release(&link).await.expect("releases");
    let kept = kept.expect("is there");
    assert_eq!(
        (kept.external.user_id, kept.why),
        (None, Some(Why::Returned))
    );
    // The system has it no more, nor have its groups, which are others now.
    assert_eq!(house.names(&client, "userName pr").await, ["bob"]);
    let after = house.size(&client, group.id).await;
    assert_eq!((after.1, after.2), (1, 1));
    assert!(after.0 > before.0, "the group is another one");
    assert!(!house.deprovision(&client, ada.id).await.expect("answers"));
    assert!(house.read(&house.owner, ada.id).await.is_some());
    // What a person took away, the system does not take back, under whatever name.
    for name in ["ada", "eve"] {
        let body = json!({"userName": name, "externalId": "00u1"});
        let error = house
            .provision(&client, body)
            .await
            .expect_err("a conflict");
        assert_eq!(error.code(), Code::Conflict);
    }
    // The trail tells the same.
    let history = house.history(&house.owner, link.id).await;
    let told: Vec<_> = history
        .iter()
        .map(|event| (event.event, event.user, event.linked_by, event.forced))
        .collect();
    assert_eq!(
        told,
        [
            (Happened::Linked, Some(ada.id), LinkedBy::Scim, false),
            (Happened::Unlinked, Some(ada.id), LinkedBy::Scim, true),
        ]
    );
    assert_eq!(history[0].actor.kind, "ScimClient");
    let latest = history
        .last()
        .map(|one| (one.event, one.user, one.linked_by));
    let error = plan_undo(kept.known(), latest).expect_err("there is no user to it any more");
    assert_eq!(error.code(), Code::NothingToUndo);
    // Nobody is left whom the provider could not be deleted for.
    assert!(house.deprovision(&client, bob.id).await.expect("deletes"));
    let target = NamedTarget::identity_provider(link.identity_provider_id);
    let grant = house
        .grant::<action::DeleteIdentityProvider>(&house.owner, target)
        .await;
    let deleted = house.store.delete_identity_provider(grant, None).await;
    assert!(deleted.expect("deletes"));
}

pub(crate) async fn abuse_42_who_is_deprovisioned_waits_at_other_providers(house: &House) {
    let client = house.client(&house.owner, "entra").await;
    let google = house.providers(&house.owner).await.remove(0);
    let body = json!({"userName": "grace", "externalId": "00u1"});
    let grace = house
        .provision(&client, body.clone())
        .await
        .expect("a user");
    let identity = house.read(&house.owner, grace.id).await.expect("is there");
    let other = house.link(&identity, &google, "109").await.expect("links");
    let links = house.links(grace.id).await;
    let own = links.iter().find(|link| link.linked_by == LinkedBy::Scim);
    let own = own.expect("the system's").id;
    assert!(house.deprovision(&client, grace.id).await.expect("deletes"));
    let waiting = house.account(&house.owner, other.id).await;
    let waiting = waiting.expect("waits");
    assert_eq!(
        (waiting.external.user_id, waiting.why),
        (None, Some(Why::Returned))
    );
    assert_eq!(waiting.external.external_username, None);
    // The system may ask for its own again.
    assert!(house.account(&house.owner, own).await.is_none());
    let history = house.history(&house.owner, own).await;
    let told: Vec<_> = history.iter().map(|one| (one.event, one.user)).collect();
    assert_eq!(
        told,
        [
            (Happened::Linked, Some(grace.id)),
            (Happened::Forgotten, Some(grace.id)),
        ]
    );
    house.provision(&client, body).await.expect("a new user");
}

pub(crate) async fn whoever_deletes_provisioned_users_tells_their_groups(house: &House) {
    let client = house.client(&house.owner, "entra").await;
    let mut users = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let body = json!({"userName": name});
        users.push(house.provision(&client, body).await.expect("a user"));
    }
    let all: Vec<&ScimUser> = users.iter().collect();
    let group = house.group(&client, "All", &all).await;
    let some = house.group(&client, "Some", &all[..1]).await;
    let none = house.group(&client, "None", &[]).await;
    let before = house.size(&client, group.id).await;
    assert!(house.delete(users[0].id).await.expect("deletes"));
    let then = house.size(&client, group.id).await;
    assert_eq!(then, (before.0 + 1, 3, 3));
    assert_eq!(house.size(&client, some.id).await.1, 0);
    let mut items = Vec::new();
    for user in &users[1..3] {
        let target = IdentityTarget::absent(user.id);
        let grant = house
            .grant::<action::DeleteIdentity>(&house.owner, target)
            .await;
        items.push(BatchItem::Delete(grant));
    }
    let batch = house
        .grant::<action::BatchIdentities>(&house.owner, Own)
        .await;
    let outcomes = house.store.batch_identities(batch, None, items).await;
    assert!(outcomes.expect("writes").iter().all(Result::is_ok));
    let after = house.size(&client, group.id).await;
    assert_eq!(after, (then.0 + 1, 1, 1));
    assert_eq!(house.size(&client, none.id).await, (none.revision, 0, 0));
}

pub(crate) async fn an_identity_is_in_its_groups_and_in_theirs_for_policies(house: &House) {
    let client = house.client(&house.owner, "entra").await;
    let ada = house.provision(&client, json!({"userName": "ada"})).await;
    let ada = ada.expect("a user");
    let identity = house.read(&house.owner, ada.id).await.expect("is there");
    let (_, token) = house.issued(&identity).await;
    let groups = async || {
        let caller = house.admitted(&token).await.expect("is admitted");
        caller.principal().groups().to_vec()
    };
    assert!(groups().await.is_empty());
    let inner = house.group(&client, "Inner", &[&ada]).await;
    assert_eq!(groups().await, [inner.id]);
    let connection = ConnectionTarget::of(&client).expect("a connection");
    let grant = house
        .grant::<action::CreateScimGroup>(&client, connection)
        .await;
    let of = ResourceType::group();
    let next = GroupNext {
        resource: Incoming::create(&json!({"displayName": "Outer"}), &of)
            .expect("is fine")
            .resource,
        membership: Membership::only(&[Member {
            id: inner.id.to_string(),
            kind: None,
        }]),
    };
    let outer = house.store.create_scim_group(grant, next, false).await;
    let outer = outer.expect("a group").id;
    let mut both = [inner.id, outer];
    both.sort_unstable();
    assert_eq!(groups().await, both);
    // Those of others, here and elsewhere, are theirs.
    let elsewhere = house.another("elsewhere").await;
    for (owner, name) in [(&house.owner, "okta"), (&elsewhere, "entra")] {
        let other = house.client(owner, name).await;
        let body = json!({"userName": format!("bob-{name}")});
        let bob = house.provision(&other, body).await.expect("a user");
        house.group(&other, "Inner", &[&bob]).await;
    }
    assert_eq!(groups().await, both);
    // A group that goes is left at once, with what was reached by it.
    let target = ScimGroupTarget {
        connection,
        id: inner.id,
    };
    let grant = house
        .grant::<action::DeleteScimGroup>(&client, target)
        .await;
    let deleted = house.store.delete_scim_group(grant, None).await;
    assert!(deleted.expect("deletes"));
    assert!(groups().await.is_empty());
}

/// A member is taken out while another one's user is deleted: nothing of the group is counted twice, and it loses sight of nobody.
pub(crate) async fn a_group_that_others_change_meanwhile_counts_who_leaves_once(house: &House) {
    let client = house.client(&house.owner, "entra").await;
    let connection = ConnectionTarget::of(&client).expect("a connection");
    let mut users = Vec::new();
    for name in ["u", "v"] {
        let user = house.provision(&client, json!({"userName": name})).await;
        users.push(user.expect("a user"));
    }
    let group = house.group(&client, "G", &[&users[0], &users[1]]).await;
    let options = TransactionOptions {
        sqlite_transaction_mode: (house.raw.get_database_backend() == DbBackend::Sqlite)
            .then_some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let raw = house.raw.begin_with_options(options).await.expect("begins");
    let (tenant, provider) = (client.tenant().as_uuid(), connection.id().as_uuid());
    let key = || -> [Value; 3] { [tenant.into(), provider.into(), group.id.as_uuid().into()] };
    let backend = house.raw.get_database_backend();
    let take = "UPDATE scim_groups SET members = members - 1, revision = revision + 1
        WHERE tenant_id = $1 AND provider_id = $2 AND id = $3";
    let statement = Statement::from_sql_and_values(backend, take, key());
    raw.execute_raw(statement).await.expect("writes");
    let out = "DELETE FROM scim_group_users WHERE tenant_id = $1 AND provider_id = $2 AND group_id = $3 AND identity_id = $4";
    let values = key().into_iter().chain([users[0].id.as_uuid().into()]);
    let statement = Statement::from_sql_and_values(backend, out, values);
    raw.execute_raw(statement).await.expect("writes");
    let commit = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        raw.commit().await.expect("commits");
    };
    let deleted = house.deprovision(&client, users[0].id);
    let (deleted, ()) = futures_util::future::join(deleted, commit).await;
    assert!(deleted.expect("deletes"));
    let (_, size, members) = house.size(&client, group.id).await;
    assert_eq!((size, members), (1, 1));
}

pub(crate) async fn a_page_of_users_with_too_many_groups_is_cut_and_nobody_is_lost(house: &House) {
    let client = house.client(&house.owner, "entra").await;
    let mut users = Vec::new();
    for number in 0..30 {
        let body = json!({"userName": format!("u{number:02}")});
        users.push(house.provision(&client, body).await.expect("a user"));
    }
    let all: Vec<&ScimUser> = users.iter().collect();
    for number in 0..16 {
        // Names count by their length.
        let name = format!("{number:02}{}", "x".repeat(15_000));
        house.group(&client, &name, &all).await;
    }
    let connection = ConnectionTarget::of(&client).expect("a connection");
    let grant = house
        .grant::<action::ListScimUsers>(&client, connection)
        .await;
    let mut seen = Vec::new();
    let mut pages = 0;
    while seen.len() < users.len() {
        let page = Page::Index {
            start: seen.len() as u64 + 1,
            count: 100,
        };
        let request = ListRequest {
            filter: None,
            sort: None,
            page: &page,
            fingerprint: "",
            computed: true,
        };
        let complete = |user: &ScimUser| user.resource.attributes().clone();
        let listed = house.store.list_scim_users(&grant, request, complete);
        let listed = listed.await.expect("lists");
        assert_eq!(listed.total, users.len() as u64);
        assert!(!listed.items.is_empty());
        for user in listed.items {
            assert_eq!(user.groups.len(), 16);
            seen.push(user.id);
        }
        pages += 1;
    }
    assert!(pages > 1, "the first page has no room for all");
    let expected: Vec<_> = users.iter().map(|user| user.id).collect();
    assert_eq!(seen, expected);
}

pub(crate) async fn abuse_42_an_account_that_is_linked_while_its_user_is_deleted_in_a_batch_waits(
    house: &House,
) {
    let client = house.client(&house.owner, "entra").await;
    let grace = house.provision(&client, json!({"userName": "grace"})).await;
    let grace = grace.expect("a user");
    let google = house.providers(&house.owner).await.remove(0);
    let target = IdentityTarget::absent(grace.id);
    let grant = house
        .grant::<action::DeleteIdentity>(&house.owner, target)
        .await;
    let batch = house
        .grant::<action::BatchIdentities>(&house.owner, Own)
        .await;
    let options = TransactionOptions {
        sqlite_transaction_mode: (house.raw.get_database_backend() == DbBackend::Sqlite)
            .then_some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let raw = house.raw.begin_with_options(options).await.expect("begins");
    let id = palisade_identity::LinkId::generate(SystemClock.now());
    let text = "INSERT INTO external_identities
        (tenant_id, id, identity_id, provider_id, external_id, linked_by, created_at, updated_at)
        VALUES ($1, $2, $3, $4, '109', 'auto', 1, 1)";
    let values: [Value; 4] = [
        client.tenant().as_uuid().into(),
        id.as_uuid().into(),
        grace.id.as_uuid().into(),
        google.id.as_uuid().into(),
    ];
    let backend = house.raw.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, text, values);
    raw.execute_raw(statement).await.expect("links");
    let commit = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        raw.commit().await.expect("commits");
    };
    let items = vec![BatchItem::Delete(grant)];
    let deleted = house.store.batch_identities(batch, None, items);
    let (deleted, ()) = futures_util::future::join(deleted, commit).await;
    assert!(deleted.expect("writes").iter().all(Result::is_ok));
    let account = house.account(&house.owner, id).await.expect("waits");
    assert_eq!(
        (account.external.user_id, account.why),
        (None, Some(Why::Returned))
    );
}

pub(crate) async fn the_queue_knows_provisioned_accounts_by_their_address(house: &House) {
    let client = house.client(&house.owner, "entra").await;
    let body = json!({"userName": "ada", "externalId": "00u1"});
    let ada = house.provision(&client, body).await.expect("a user");
    let link = house.links(ada.id).await.remove(0);
    let account = house.account(&house.owner, link.id).await;
    let made = account.expect("is there").revision;
    let connection = ConnectionTarget::of(&client).expect("a connection");
    let scope = client.scope();
    let sealed = house
        .store
        .load_scim_user_state(scope, connection, ada.id)
        .await;
    let target = sealed_target(connection, ada.id);
    let grant = house.grant::<action::UpdateScimUser>(&client, target).await;
    let known = sealed.expect("answers").open(&grant).expect("is there");
    let mut identity = known.identity.clone();
    identity.revision += 1;
    let said = provisioned::Provisioned {
        external_id: Some("00u9"),
        user_name: "ada",
        email: Some("Ada@Corp.Example"),
        display_name: None,
    };
    let write = UserWrite {
        changed: change::Changed {
            identity,
            secrets: std::collections::BTreeMap::new(),
        },
        resource: known.user.resource.clone(),
        link: provisioned::plan(ada.id, said),
        disabled_at: None,
    };
    let written = house
        .store
        .update_scim_user(grant, known.user.revision, write)
        .await;
    written.expect("writes");
    let grant = house
        .grant::<action::ListAllExternalIdentities>(&house.owner, Own)
        .await;
    let filter = AccountFilter {
        email: Some("ada@corp.example".to_owned()),
        ..AccountFilter::default()
    };
    let found = house
        .store
        .list_accounts(&grant, &filter, &page(10, None))
        .await;
    let found = found.expect("lists").items;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].external.external_id, "00u9");
    assert!(found[0].revision > made, "another answer, another version");
}
