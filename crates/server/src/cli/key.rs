use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use palisade_authz::action::{CreateTenantKey, ListTenantKeys, RevokeTenantKey, RotateTenantKey};
use palisade_identity::page::PageSize;
use palisade_store::{ApiKeyRecord, KeyOverlap, NewApiKey, PageRequest};
use palisade_tenancy::{ApiKey, Clock as _, KeyId, Role, SystemClock, TenantId};
use serde_json::{Value, json};

use super::{operator::Operator, parse};
use crate::{Failure, config::Database, output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a key of a tenant, or of the operator; its secret is printed, this once
    Create(Create),
    /// List the keys of a tenant, or of the operator: id, name, roles, state
    List {
        #[command(flatten)]
        holder: Holder,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Refuse a key from now on
    Revoke {
        #[command(flatten)]
        holder: Holder,
        /// The key's id
        #[arg(value_name = "KEY ID")]
        key: String,
    },
    /// Replace a key by a new one with the same name, roles, networks and end; its secret is printed, this once
    Rotate {
        #[command(flatten)]
        holder: Holder,
        /// The key's id
        #[arg(value_name = "KEY ID")]
        key: String,
        /// How long the old key is still good, such as 12h; 0s: not at all, 7d at most
        #[arg(long, value_name = "TIME", value_parser = parse::overlap, default_value = "24h")]
        overlap: KeyOverlap,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    holder: Holder,
    /// What the key may do; of a tenant's key only, can be given more than once
    #[arg(long = "role", value_name = "ROLE", value_parser = parse::role, required_unless_present = "operator", conflicts_with = "operator")]
    roles: Vec<Role>,
    /// A name for people [default: its roles, or `operator`]
    #[arg(long)]
    name: Option<String>,
    /// How long it is good for, such as 90d or 12h [default: until revoked]
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    expires_in: Option<Duration>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("holder").required(true))]
pub(super) struct Holder {
    /// The tenant's id or name
    #[arg(long, value_name = "ID|NAME", group = "holder")]
    tenant: Option<String>,
    /// The operator's own keys
    #[arg(long, group = "holder")]
    operator: bool,
}

impl Holder {
    async fn id(&self, operator: &Operator) -> Result<TenantId, Failure> {
        match &self.tenant {
            Some(reference) => operator.tenant(reference).await,
            None => Ok(TenantId::PLATFORM),
        }
    }
}

/// `palisade key ...`
pub(super) async fn run(command: Command, database: &Database) -> Result<(), Failure> {
    let operator = Operator::open(database).await?;
    let done = act(command, &operator).await;
    operator.store.close().await;
    done
}

async fn act(command: Command, operator: &Operator) -> Result<(), Failure> {
    match command {
        Command::Create(create) => {
            let tenant = create.holder.id(operator).await?;
            let grant = operator.may_with::<CreateTenantKey>(tenant).await?;
            let (record, key) = operator
                .store
                .create_tenant_key(grant, create.wanted()?)
                .await?;
            if create.json {
                return output::answer_json(&shown(&record, &key));
            }
            output::remark(format_args!(
                "key {} `{}`; it is shown this once:",
                record.id, record.name
            ));
            output::answer(key.reveal())
        }
        Command::List { holder, json } => {
            let keys = all(operator, holder.id(operator).await?).await?;
            if json {
                return output::answer_json(&json!({ "data": keys }));
            }
            keys.iter().try_for_each(|key| {
                let roles: Vec<&str> = key.roles.iter().map(|role| role.as_str()).collect();
                output::answer(format_args!(
                    "{}\t{}\t{}\t{}",
                    key.id,
                    key.name,
                    roles.join(","),
                    state(key)
                ))
            })
        }
        Command::Revoke { holder, key } => {
            let no_key = || {
                Failure::new(format!(
                    "there is no key `{key}` to revoke; `palisade key list` shows the ids"
                ))
            };
            let id = KeyId::parse(&key).ok_or_else(no_key)?;
            let grant = operator
                .may_with::<RevokeTenantKey>(holder.id(operator).await?)
                .await?;
            if !operator.store.revoke_tenant_key(grant, id).await? {
                return Err(no_key());
            }
            output::remark(format_args!("key {id} is refused from now on"));
            Ok(())
        }
        Command::Rotate {
            holder,
            key,
            overlap,
            json,
        } => {
            let no_key = || {
                Failure::new(format!(
                    "there is no key `{key}` to rotate; `palisade key list` shows the ids"
                ))
            };
            let id = KeyId::parse(&key).ok_or_else(no_key)?;
            let grant = operator
                .may_with::<RotateTenantKey>(holder.id(operator).await?)
                .await?;
            let rotated = operator
                .store
                .rotate_tenant_key(grant, id, overlap)
                .await?
                .ok_or_else(no_key)?;
            let until = rotated
                .replaced_until
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            if json {
                let mut shown = shown(&rotated.record, &rotated.key);
                if let Some(fields) = shown.as_object_mut() {
                    fields.insert("replaces".to_owned(), json!(rotated.replaces));
                    fields.insert("replaced_until".to_owned(), json!(rotated.replaced_until));
                }
                return output::answer_json(&shown);
            }
            output::remark(format_args!(
                "key {} `{}` replaces {id}, which is refused from {until} on; the new key is shown this once:",
                rotated.record.id, rotated.record.name
            ));
            output::answer(rotated.key.reveal())
        }
    }
}

/// A new key as JSON, its secret among it.
fn shown(record: &ApiKeyRecord, key: &ApiKey) -> Value {
    let mut shown = json!(record);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("tenant_id".to_owned(), json!(key.tenant()));
        fields.insert("secret".to_owned(), json!(key.reveal()));
    }
    shown
}

async fn all(operator: &Operator, tenant: TenantId) -> Result<Vec<ApiKeyRecord>, Failure> {
    let grant = operator.may_with::<ListTenantKeys>(tenant).await?;
    let mut keys = Vec::new();
    let mut request = PageRequest {
        size: PageSize::LARGEST,
        token: None,
    };
    loop {
        let page = operator.store.list_tenant_keys(&grant, &request).await?;
        keys.extend(page.items);
        request.token = page.next;
        if request.token.is_none() {
            return Ok(keys);
        }
    }
}

impl Create {
    fn wanted(&self) -> Result<NewApiKey, Failure> {
        let named = |role: &Role| role.as_str();
        let name = self
            .name
            .clone()
            .unwrap_or_else(|| match self.roles.as_slice() {
                [] => "operator".to_owned(),
                roles => roles.iter().map(named).collect::<Vec<_>>().join("-"),
            });
        let expires_at = match self.expires_in {
            None => None,
            Some(length) => Some(
                chrono::Duration::from_std(length)
                    .ok()
                    .and_then(|length| SystemClock.now().checked_add_signed(length))
                    .ok_or_else(|| {
                        Failure::new("`--expires-in` ends after time itself; choose a shorter one")
                    })?,
            ),
        };
        Ok(NewApiKey {
            name,
            roles: self.roles.clone(),
            expires_at,
            allowed_cidrs: Vec::new(),
        })
    }
}

fn state(key: &ApiKeyRecord) -> &'static str {
    let now = SystemClock.now();
    match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(end)) if end <= now => "expired",
        (None, _) => "active",
    }
}
