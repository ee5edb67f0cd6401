//! What provisioning systems keep.

use std::sync::Arc;

use palisade_authz::{ConnectionTarget, NamedTarget, Own, ScimUserTarget, action};
use palisade_envelope::{Code, Result};
use palisade_identity::{
    IdentityId, ProviderType,
    change::{self, CreateIdentity},
};
use palisade_linking::provisioned;
use palisade_scim::{
    ResourceType, filter,
    query::Page,
    resource::{Incoming, Member},
};
use palisade_store::{
    GroupNext, ListRequest, Membership, NewConnectionKey, NewIdentityProvider, ScimUser, UserWrite,
};
use palisade_tenancy::{
    Admission, CachedDirectory, Caller, Clock, Role, SystemClock, admit::Claims,
};
use sea_orm::{ConnectionTrait, SqlErr, Statement, Value};
use serde_json::json;

use crate::house::House;

impl House {
    /// A provisioning system of the caller's tenant.
    async fn client(&self, owner: &Arc<Caller>, name: &str) -> Arc<Caller> {
        let grant = self
            .grant::<action::CreateIdentityProvider>(owner, Own)
            .await;
        let new = NewIdentityProvider {
            name: name.to_owned(),
            kind: ProviderType::Scim,
            issuer: None,
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
        let directory = Arc::new(CachedDirectory::new(self.store.clone()));
        let bearer = format!("Bearer {}", key.reveal()).into_bytes();
        let claims = Claims {
            authorization: &[bearer.as_slice()],
            ..Claims::default()
        };
        Admission::new(directory, SystemClock)
            .admit_connection(claims)
            .await
            .expect("the key is good")
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
        identity: palisade_authz::IdentityTarget::absent(id),
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
        let target = palisade_authz::ScimGroupTarget {
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
