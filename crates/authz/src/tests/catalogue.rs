//! The Rust side and the Cedar side say the same.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Effect, Entities, Request, Validator};
use palisade_identity::{GroupId, IdentityId, LinkId, LinkedBy, ProviderId, SessionId, State};
use palisade_tenancy::{Role, TenantState};

use super::{api_key, engine, home, identity as person, key, operator, scim_client};
use crate::{
    Access, ConnectionTarget, ExternalIdentityTarget, IdentityTarget, NamedTarget, Own,
    ScimGroupTarget, ScimUserTarget, SessionTarget, Target, action, engine::Question,
    platform::POLICIES,
};

#[test]
fn the_schema_and_the_catalogue_have_the_same_actions_in_the_same_groups() {
    let schema = engine().platform.validator.schema();
    let entities = schema.action_entities().expect("the schema has actions");
    let mut of_schema: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for action in schema.actions() {
        let groups = entities
            .ancestors(action)
            .expect("is there")
            .map(|group| group.id().unescaped().to_owned());
        of_schema.insert(action.id().unescaped().to_owned(), groups.collect());
    }
    let groups = [
        Access::Read,
        Access::Write,
        Access::Manage,
        Access::Operate,
        Access::Personal,
        Access::Provision,
        Access::SignIn,
    ]
    .map(Access::group);
    let of_catalogue: BTreeMap<String, BTreeSet<String>> = action::ALL
        .iter()
        .map(|(name, access)| {
            (
                (*name).to_owned(),
                BTreeSet::from([access.group().to_owned()]),
            )
        })
        .chain(groups.map(|group| (group.to_owned(), BTreeSet::new())))
        .collect();
    assert_eq!(of_schema, of_catalogue);
}

#[tokio::test]
async fn each_action_takes_the_resource_that_its_rust_target_makes() {
    fn kind<A: crate::Action>(target: A::Target) -> (usize, &'static str) {
        (A::POSITION, target.resource(&home().to_string()).kind)
    }
    let identity = || IdentityTarget::absent(IdentityId::from_uuid(key(1).as_uuid()));
    let session = || SessionTarget::absent(SessionId::from_uuid(key(1).as_uuid()));
    let provider = || NamedTarget::identity_provider(ProviderId::from_uuid(key(1).as_uuid()));
    let link = ExternalIdentityTarget {
        user: identity().id,
        id: LinkId::from_uuid(key(1).as_uuid()),
        linked_by: LinkedBy::Manual,
    };
    let client = super::scim_caller().await;
    let connection = ConnectionTarget::of(&client).expect("a connection");
    let user = || ScimUserTarget {
        connection,
        identity: identity(),
    };
    let group = ScimGroupTarget {
        connection,
        id: GroupId::from_uuid(key(1).as_uuid()),
    };
    let made = [
        kind::<action::CreateIdentity>(Own),
        kind::<action::ListIdentities>(Own),
        kind::<action::ReadIdentity>(identity()),
        kind::<action::UpdateIdentity>(identity()),
        kind::<action::DeleteIdentity>(identity()),
        kind::<action::BatchIdentities>(Own),
        kind::<action::RevealCredentials>(Own),
        kind::<action::VerifyPassword>(identity()),
        kind::<action::DeleteCredential>(identity()),
        kind::<action::ListExternalIdentities>(identity()),
        kind::<action::LinkExternalIdentity>(identity()),
        kind::<action::UnlinkExternalIdentity>(link.clone()),
        kind::<action::ListAllExternalIdentities>(Own),
        kind::<action::ReadExternalIdentity>(link.clone()),
        kind::<action::ResolveExternalIdentity>(link),
        kind::<action::SignInThroughProvider>(provider()),
        kind::<action::CreateSession>(identity()),
        kind::<action::ListIdentitySessions>(identity()),
        kind::<action::DeleteIdentitySessions>(identity()),
        kind::<action::ListSessions>(Own),
        kind::<action::ReadSession>(session()),
        kind::<action::DisableSession>(session()),
        kind::<action::ExtendSession>(session()),
        kind::<action::ManageSessions>(Own),
        kind::<action::ReadOwnSession>(session()),
        kind::<action::ListOwnSessions>(session()),
        kind::<action::DisableOwnSession>(session()),
        kind::<action::DisableOtherSessions>(session()),
        kind::<action::ListSessionTokenTemplates>(Own),
        kind::<action::ReadSessionTokenTemplate>(NamedTarget::session_token_template("t")),
        kind::<action::PutSessionTokenTemplate>(NamedTarget::session_token_template("t")),
        kind::<action::DeleteSessionTokenTemplate>(NamedTarget::session_token_template("t")),
        kind::<action::RotateSessionTokenKey>(Own),
        kind::<action::CreateIdentityProvider>(Own),
        kind::<action::ListIdentityProviders>(Own),
        kind::<action::ReadIdentityProvider>(provider()),
        kind::<action::UpdateIdentityProvider>(provider()),
        kind::<action::DeleteIdentityProvider>(provider()),
        kind::<action::CreateConnectionKey>(provider()),
        kind::<action::ListConnectionKeys>(provider()),
        kind::<action::RevokeConnectionKey>(provider()),
        kind::<action::CreateScimUser>(connection),
        kind::<action::ListScimUsers>(connection),
        kind::<action::ReadScimUser>(user()),
        kind::<action::UpdateScimUser>(user()),
        kind::<action::DeleteScimUser>(user()),
        kind::<action::CreateScimGroup>(connection),
        kind::<action::ListScimGroups>(connection),
        kind::<action::ReadScimGroup>(group),
        kind::<action::UpdateScimGroup>(group),
        kind::<action::DeleteScimGroup>(group),
        kind::<action::ReadScimSchemas>(connection),
        kind::<action::SendScimBulk>(connection),
        kind::<action::ListIdentitySchemas>(Own),
        kind::<action::ReadIdentitySchema>(NamedTarget::identity_schema("default")),
        kind::<action::PutIdentitySchema>(NamedTarget::identity_schema("default")),
        kind::<action::CreateIdentitySchema>(Own),
        kind::<action::DeleteIdentitySchema>(NamedTarget::identity_schema("default")),
        kind::<action::ListPolicies>(Own),
        kind::<action::ReadPolicy>(NamedTarget::policy("p")),
        kind::<action::PutPolicy>(NamedTarget::policy("p")),
        kind::<action::DeletePolicy>(NamedTarget::policy("p")),
        kind::<action::ValidatePolicy>(Own),
        kind::<action::CreateApiKey>(Own),
        kind::<action::ListApiKeys>(Own),
        kind::<action::ReadApiKey>(NamedTarget::api_key(key(1))),
        kind::<action::RevokeApiKey>(NamedTarget::api_key(key(1))),
        kind::<action::RotateApiKey>(NamedTarget::api_key(key(1))),
        kind::<action::ListAuditEvents>(Own),
        kind::<action::ReadSelf>(Own),
        kind::<action::CreateTenant>(Own),
        kind::<action::ListTenants>(Own),
        kind::<action::ReadTenant>(NamedTarget::tenant(home())),
        kind::<action::UpdateTenant>(NamedTarget::tenant(home())),
        kind::<action::SuspendTenant>(NamedTarget::tenant(home())),
        kind::<action::ResumeTenant>(NamedTarget::tenant(home())),
        kind::<action::DeleteTenant>(NamedTarget::tenant(home())),
        kind::<action::CreateTenantKey>(NamedTarget::tenant(home())),
        kind::<action::ListTenantKeys>(NamedTarget::tenant(home())),
        kind::<action::RevokeTenantKey>(NamedTarget::tenant(home())),
        kind::<action::RotateTenantKey>(NamedTarget::tenant(home())),
    ];
    let of_schema: Vec<(usize, &str)> = engine()
        .platform
        .actions
        .iter()
        .map(|action| action.resource_kind)
        .enumerate()
        .collect();
    assert_eq!(made.to_vec(), of_schema);
}

/// The hot path builds entities and requests without the schema. Here each is held against it.
#[test]
fn every_entity_and_request_that_is_built_conforms_to_the_schema() {
    let engine = engine();
    let schema = engine.platform.validator.schema();
    let compiled = super::compiled(&[]);
    let identity = IdentityTarget {
        id: IdentityId::from_uuid(key(2).as_uuid()),
        schema_id: "default".into(),
        state: State::Inactive,
    };
    let text = home().to_string();
    for principal in [
        api_key(1, &[Role::Owner, Role::Viewer]),
        api_key(2, &[]),
        person(2),
        operator(),
        scim_client(&[Role::UsersRead, Role::GroupsWrite]),
    ] {
        for position in 0..action::ALL.len() {
            let mut resources = vec![
                engine
                    .ordinary_resource(position, home())
                    .expect("there is one"),
            ];
            match resources[0].kind {
                "Identity" => resources.push(identity.resource(&text)),
                "ApiKey" => {
                    let itself = palisade_tenancy::KeyId::from_uuid(principal.id().as_uuid());
                    resources.push(NamedTarget::api_key(itself).resource(&text));
                }
                _ => {}
            }
            for resource in resources {
                let question = Question {
                    principal: &principal,
                    tenant_state: TenantState::Active,
                    action: position,
                    resource: &resource,
                    foreign: None,
                    ip: Some([10, 0, 0, 1].into()),
                };
                let subject = engine.subject(&compiled, &question).expect("can be asked");
                let (uid, entities) = subject
                    .with_resource(&engine.platform, &resource, None)
                    .expect("can be asked");
                Entities::from_entities(entities, Some(schema))
                    .expect("the entities fit the schema");
                let request = engine
                    .request(&subject, &question, uid, true)
                    .expect("can be asked");
                Request::new(
                    request.principal().expect("is there").clone(),
                    request.action().expect("is there").clone(),
                    request.resource().expect("is there").clone(),
                    request.context().expect("is there").clone(),
                    Some(schema),
                )
                .expect("the request fits the schema");
            }
        }
    }
}

#[test]
fn the_embedded_policies_are_those_in_the_directory() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
    let mut found = BTreeSet::new();
    for room in ["guardrails", "roles"] {
        for entry in std::fs::read_dir(format!("{root}/{room}")).expect("the directory is there") {
            let name = entry.expect("can be read").file_name();
            found.insert(format!("{room}/{}", name.to_str().expect("plain name")));
        }
    }
    assert_eq!(
        found,
        POLICIES
            .iter()
            .map(|(path, _)| (*path).to_owned())
            .collect()
    );
}

#[test]
fn guardrails_only_forbid_and_say_why_and_roles_only_permit() {
    for (path, text) in POLICIES {
        let parsed = crate::document::parse(crate::document::Namespace::Platform, path, text)
            .expect("parses");
        for policy in parsed {
            let policy = policy.policy;
            assert!(policy.annotation("id").is_some(), "{path} has an @id");
            if path.starts_with("guardrails/") {
                assert_eq!(policy.effect(), Effect::Forbid, "{path}");
                assert!(
                    policy
                        .annotation("notice")
                        .is_some_and(|text| !text.is_empty()),
                    "{path}"
                );
                assert!(
                    policy
                        .annotation("code")
                        .is_some_and(|text| !text.is_empty()),
                    "{path}"
                );
            } else {
                assert_eq!(policy.effect(), Effect::Permit, "{path}");
                assert!(
                    policy.annotation("notice").is_none(),
                    "{path}: a permit's notice is on every answer"
                );
            }
        }
    }
}

#[test]
fn the_platforms_policies_validate_without_a_warning() {
    let schema = engine().platform.validator.schema().clone();
    let set = cedar_policy::PolicySet::from_policies(
        engine()
            .platform
            .members
            .iter()
            .map(|member| member.policy.clone()),
    )
    .expect("ids are unique");
    let result = Validator::new(schema).validate(&set, cedar_policy::ValidationMode::Strict);
    assert!(result.validation_passed_without_warnings(), "{result}");
}
