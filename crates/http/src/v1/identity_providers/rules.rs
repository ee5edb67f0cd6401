//! What a provider is trusted with, as callers write and read it. A patch names what it changes; what it leaves out is kept,
//! at each level. Lists and maps are replaced as a whole.

use std::collections::{BTreeMap, BTreeSet};

use palisade_authz::may_hand_out;
use palisade_envelope::{Error, Result};
use palisade_identity::{
    LinkingRules, ProviderType, TokenRules, email,
    provider::{
        ClaimNames, LinkingMode, MatchBy, NewUserRules, OnConflict, RoleRule, TokenAlgorithm,
        TokenType,
    },
};
use palisade_store::ProviderSettings;
use palisade_tenancy::{Principal, Role};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fields::{Change, Fields, bounded};

/// The longest name of a claim, and the longest value that one is compared with.
const MAX_CLAIM: usize = 255;
/// The most domains, claims, values, traits, audiences or roles that the rules of a provider have.
const MOST: usize = 100;

/// By which rules the provider's accounts are linked to users.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkingRules)]
pub(super) struct LinkingBody {
    /// `off`: who is not linked is refused; `review`: each waits for a person; `auto`: linked where the rules are sure.
    #[schema(value_type = crate::words::LinkingModeWord)]
    mode: &'static str,
    /// What candidates are looked for by.
    #[schema(value_type = Vec<crate::words::MatchWord>)]
    r#match: Vec<&'static str>,
    /// The domains whose e-mail addresses the provider is believed; sub-domains are others.
    trusted_email_domains: Vec<String>,
    /// Whether a user is made for an account whose verified e-mail address nobody has.
    create_missing: bool,
    /// What becomes of an account that is not linked by itself.
    #[schema(value_type = crate::words::OnConflictWord)]
    on_conflict: &'static str,
    /// Claims that a token must have before anything is linked, each with the values that it may have.
    required_claims: BTreeMap<String, Vec<String>>,
    create: NewUserBody,
}

/// What the traits of a new user are made of.
#[derive(Serialize, ToSchema)]
#[schema(as = NewUserRules)]
pub(super) struct NewUserBody {
    /// The identity schema.
    schema_id: String,
    /// For each trait, by its JSON Pointer, the claim that it is taken from.
    traits: BTreeMap<String, String>,
}

/// By which rules the provider's tokens are taken as credentials.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenRules)]
pub(super) struct TokensBody {
    /// A token must be for one of these.
    audiences: Vec<String>,
    /// A token must be signed with one of these.
    #[schema(value_type = Vec<crate::words::AlgorithmWord>)]
    algorithms: Vec<&'static str>,
    /// A token must be of one of these kinds: the header `typ` says so, and for `JWT` no claim says otherwise.
    #[schema(value_type = Vec<crate::words::TokenTypeWord>)]
    types: Vec<&'static str>,
    claims: ClaimsBody,
    /// Which claims give which roles; a token without them has none.
    roles: Vec<RoleBody>,
}

/// Which claims say what of the account. The subject is `sub`.
#[derive(Serialize, ToSchema)]
#[schema(as = ClaimNames)]
pub(super) struct ClaimsBody {
    email: String,
    /// The claim that says whether that very address is verified. `null`: `email_verified` where the address is in `email`;
    /// where it is in another claim, nothing says so.
    #[schema(required = true)]
    email_verified: Option<String>,
    username: String,
    display_name: String,
}

/// A role for whoever's token has this claim with this value, or with a list that it is in.
#[derive(Serialize, ToSchema)]
#[schema(as = RoleRule)]
pub(super) struct RoleBody {
    claim: String,
    value: String,
    #[schema(value_type = crate::words::RoleWord)]
    role: String,
}

impl From<LinkingRules> for LinkingBody {
    fn from(rules: LinkingRules) -> Self {
        let LinkingRules {
            mode,
            match_by,
            trusted_email_domains,
            create_missing,
            on_conflict,
            required_claims,
            create: NewUserRules { schema_id, traits },
        } = rules;
        Self {
            mode: mode.as_str(),
            r#match: match_by.into_iter().map(MatchBy::as_str).collect(),
            trusted_email_domains,
            create_missing,
            on_conflict: on_conflict.as_str(),
            required_claims,
            create: NewUserBody { schema_id, traits },
        }
    }
}

impl From<TokenRules> for TokensBody {
    fn from(rules: TokenRules) -> Self {
        let TokenRules {
            audiences,
            algorithms,
            types,
            claims:
                ClaimNames {
                    email,
                    email_verified,
                    username,
                    display_name,
                },
            roles,
        } = rules;
        let roles = roles
            .into_iter()
            .map(|RoleRule { claim, value, role }| RoleBody { claim, value, role });
        Self {
            audiences,
            algorithms: algorithms.into_iter().map(TokenAlgorithm::as_str).collect(),
            types: types.into_iter().map(TokenType::as_str).collect(),
            claims: ClaimsBody {
                email,
                email_verified,
                username,
                display_name,
            },
            roles: roles.collect(),
        }
    }
}

/// The linking rules of a body, for the document.
#[derive(ToSchema)]
#[schema(as = LinkingRulesChange)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
pub(super) struct LinkingChange {
    mode: Option<crate::words::LinkingModeWord>,
    r#match: Option<Vec<crate::words::MatchWord>>,
    #[schema(max_items = 100)]
    trusted_email_domains: Option<Vec<String>>,
    create_missing: Option<bool>,
    on_conflict: Option<crate::words::OnConflictWord>,
    required_claims: Option<BTreeMap<String, Vec<String>>>,
    create: Option<NewUserChange>,
}

#[derive(ToSchema)]
#[schema(as = NewUserRulesChange)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
pub(super) struct NewUserChange {
    #[schema(min_length = 1, max_length = 255)]
    schema_id: Option<String>,
    traits: Option<BTreeMap<String, String>>,
}

/// The token rules of a body, for the document.
#[derive(ToSchema)]
#[schema(as = TokenRulesChange)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
pub(super) struct TokensChange {
    #[schema(min_items = 1, max_items = 100)]
    audiences: Option<Vec<String>>,
    #[schema(min_items = 1)]
    algorithms: Option<Vec<crate::words::AlgorithmWord>>,
    #[schema(min_items = 1)]
    types: Option<Vec<crate::words::TokenTypeWord>>,
    claims: Option<ClaimsChange>,
    #[schema(max_items = 100)]
    roles: Option<Vec<RoleChange>>,
}

#[derive(ToSchema)]
#[schema(as = ClaimNamesChange)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
pub(super) struct ClaimsChange {
    #[schema(min_length = 1, max_length = 255)]
    email: Option<String>,
    #[schema(min_length = 1, max_length = 255)]
    email_verified: Option<String>,
    #[schema(min_length = 1, max_length = 255)]
    username: Option<String>,
    #[schema(min_length = 1, max_length = 255)]
    display_name: Option<String>,
}

#[derive(ToSchema)]
#[schema(as = NewRoleRule)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
pub(super) struct RoleChange {
    #[schema(min_length = 1, max_length = 255)]
    claim: String,
    #[schema(min_length = 1, max_length = 255)]
    value: String,
    role: crate::words::RoleWord,
}

/// The names of the fields that [`read`] reads.
pub(super) const FIELDS: [&str; 3] = ["enabled", "linking", "tokens"];

/// What a body changes of `before`.
///
/// # Errors
/// `invalid_request` naming the field and what was expected; `unknown_field`.
pub(super) fn read(
    fields: &mut Fields,
    kind: ProviderType,
    before: ProviderSettings,
) -> Result<ProviderSettings> {
    let ProviderSettings {
        enabled,
        linking,
        tokens,
    } = before;
    let enabled = fields.optional_flag("enabled")?.unwrap_or(enabled);
    let linking = match fields.optional_object("linking")? {
        Some(part) => read_linking(part, linking)?,
        None => linking,
    };
    let tokens = match fields.changed_object("tokens")? {
        Change::Keep => tokens,
        Change::Clear => None,
        Change::Set(_) if kind != ProviderType::Oidc => {
            return Err(Error::field(
                "tokens",
                "a provider of type `oidc`, or no such field",
            ));
        }
        Change::Set(part) => Some(read_tokens(part, tokens.unwrap_or_default())?),
    };
    Ok(ProviderSettings {
        enabled,
        linking,
        tokens,
    })
}

/// Whether the caller may write these rules in the place of those: who may not hand out a role may neither let a claim
/// give it, nor change a provider whose claims give it: whoever chooses the issuer chooses who gets it.
///
/// # Errors
/// `forbidden` with a notice that names the role.
pub(super) fn may_write(
    principal: &Principal,
    before: Option<&TokenRules>,
    after: Option<&TokenRules>,
) -> Result<()> {
    let roles: BTreeSet<Role> = before
        .into_iter()
        .chain(after)
        .flat_map(|rules| &rules.roles)
        .filter_map(|rule| Role::parse(&rule.role))
        .collect();
    may_hand_out(principal, &roles.into_iter().collect::<Vec<_>>())
}

fn read_linking(mut fields: Fields, before: LinkingRules) -> Result<LinkingRules> {
    let mut rules = before;
    if let Some(mode) = word(
        &mut fields,
        "mode",
        LinkingMode::parse,
        "`off`, `review` or `auto`",
    )? {
        rules.mode = mode;
    }
    if let Some(by) = words(&mut fields, "match", MatchBy::parse, "`email`")? {
        rules.match_by = by;
    }
    let at = fields.named("trusted_email_domains");
    if let Some(domains) = fields.optional_texts("trusted_email_domains")? {
        at_most(&at, domains.len(), MOST)?;
        let expected = "domains such as `example.org`, without wildcards";
        let domains = domains
            .iter()
            .map(|text| email::domain(text).ok_or_else(|| Error::field(at.as_str(), expected)))
            .collect::<Result<BTreeSet<_>>>()?;
        rules.trusted_email_domains = domains.into_iter().collect();
    }
    if let Some(create) = fields.optional_flag("create_missing")? {
        rules.create_missing = create;
    }
    if let Some(conflict) = word(
        &mut fields,
        "on_conflict",
        OnConflict::parse,
        "`review` or `refuse`",
    )? {
        rules.on_conflict = conflict;
    }
    if let Some(mut part) = fields.optional_object("required_claims")? {
        let names = part.names();
        at_most(&fields.named("required_claims"), names.len(), MOST)?;
        let mut required = BTreeMap::new();
        for name in names {
            let at = part.named(&name);
            let values = part.texts(&name)?;
            at_most(&at, values.len(), MOST)?;
            if values.is_empty() || name.chars().count() > MAX_CLAIM {
                return Err(Error::field(
                    at,
                    "the values that the claim may have, one at least",
                ));
            }
            for value in &values {
                bounded(&at, value.clone(), MAX_CLAIM)?;
            }
            required.insert(name, values);
        }
        rules.required_claims = required;
    }
    if let Some(mut part) = fields.optional_object("create")? {
        let at = part.named("schema_id");
        if let Some(schema) = part.optional_text("schema_id")? {
            rules.create.schema_id = bounded(&at, schema, 255)?;
        }
        if let Some(traits) = part.optional_object("traits")? {
            rules.create.traits = read_traits(traits)?;
        }
        part.finish(&["schema_id", "traits"])?;
    }
    fields.finish(&[
        "mode",
        "match",
        "trusted_email_domains",
        "create_missing",
        "on_conflict",
        "required_claims",
        "create",
    ])?;
    Ok(rules)
}

fn read_traits(mut part: Fields) -> Result<BTreeMap<String, String>> {
    let names = part.names();
    let mut traits = BTreeMap::new();
    for pointer in names {
        let at = part.named(&pointer);
        at_most(&at, traits.len() + 1, MOST)?;
        let depth = pointer.matches('/').count();
        if !pointer.starts_with('/')
            || pointer.len() > MAX_CLAIM
            || depth > 8
            || pointer.split('/').skip(1).any(str::is_empty)
        {
            return Err(Error::field(
                at,
                "a JSON Pointer to a trait, such as `/name/first`",
            ));
        }
        let claim = bounded(&at, part.text(&pointer)?, MAX_CLAIM)?;
        traits.insert(pointer, claim);
    }
    Ok(traits)
}

fn read_tokens(mut fields: Fields, before: TokenRules) -> Result<TokenRules> {
    let mut rules = before;
    let at = fields.named("audiences");
    if let Some(audiences) = fields.optional_texts("audiences")? {
        for audience in &audiences {
            bounded(&at, audience.clone(), 2048)?;
        }
        at_most(&at, audiences.len(), MOST)?;
        rules.audiences = audiences;
    }
    if rules.audiences.is_empty() {
        return Err(Error::field(
            at,
            "one audience at least: without one, tokens for others would be taken",
        ));
    }
    let known = "one at least of `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384` and `EdDSA`";
    let at = fields.named("algorithms");
    if let Some(algorithms) = words(&mut fields, "algorithms", TokenAlgorithm::parse, known)? {
        if algorithms.is_empty() {
            return Err(Error::field(at, known));
        }
        rules.algorithms = algorithms;
    }
    let known = "one at least of `at+jwt` and `JWT`";
    let at = fields.named("types");
    if let Some(types) = words(&mut fields, "types", TokenType::parse, known)? {
        if types.is_empty() {
            return Err(Error::field(at, known));
        }
        rules.types = types;
    }
    if let Some(mut part) = fields.optional_object("claims")? {
        for (name, place) in [
            ("email", &mut rules.claims.email),
            ("username", &mut rules.claims.username),
            ("display_name", &mut rules.claims.display_name),
        ] {
            let at = part.named(name);
            if let Some(claim) = part.optional_text(name)? {
                *place = bounded(&at, claim, MAX_CLAIM)?;
            }
        }
        let at = part.named("email_verified");
        match part.change("email_verified")? {
            Change::Keep => {}
            Change::Clear => rules.claims.email_verified = None,
            Change::Set(claim) => {
                rules.claims.email_verified = Some(bounded(&at, claim, MAX_CLAIM)?)
            }
        }
        part.finish(&["email", "email_verified", "username", "display_name"])?;
    }
    if fields.has("roles") {
        let at = fields.named("roles");
        let parts = fields.objects("roles")?;
        at_most(&at, parts.len(), MOST)?;
        rules.roles = parts.into_iter().map(read_role).collect::<Result<_>>()?;
    }
    fields.finish(&["audiences", "algorithms", "types", "claims", "roles"])?;
    Ok(rules)
}

fn read_role(mut part: Fields) -> Result<RoleRule> {
    let (claim_at, value_at, role_at) =
        (part.named("claim"), part.named("value"), part.named("role"));
    let claim = bounded(&claim_at, part.text("claim")?, MAX_CLAIM)?;
    let value = bounded(&value_at, part.text("value")?, MAX_CLAIM)?;
    let role = part.text("role")?;
    let known = Role::parse(&role).filter(|role| Role::OF_TENANTS.contains(role));
    part.finish(&["claim", "value", "role"])?;
    match known {
        Some(_) => Ok(RoleRule { claim, value, role }),
        None => Err(Error::field(
            role_at,
            "`owner`, `admin`, `editor`, `viewer` or `auditor`",
        )),
    }
}

fn at_most(field: &str, count: usize, most: usize) -> Result<()> {
    if count <= most {
        return Ok(());
    }
    Err(Error::field(field, format!("{most} entries at most")))
}

fn word<T>(
    fields: &mut Fields,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Option<T>> {
    let at = fields.named(name);
    fields
        .optional_text(name)?
        .map(|text| parse(&text).ok_or_else(|| Error::field(at, expected)))
        .transpose()
}

fn words<T: Ord>(
    fields: &mut Fields,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Option<Vec<T>>> {
    let at = fields.named(name);
    let Some(texts) = fields.optional_texts(name)? else {
        return Ok(None);
    };
    let found = texts
        .iter()
        .map(|text| parse(text).ok_or_else(|| Error::field(at.as_str(), expected)))
        .collect::<Result<BTreeSet<T>>>()?;
    Ok(Some(found.into_iter().collect()))
}
