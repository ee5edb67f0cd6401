//! The holder of a tenant's API key at the command line: admitted, decided on and written down as over HTTP.

use std::{path::PathBuf, sync::Arc};

use palisade_authz::{Action, Authorized, Refusal, RequestContext};
use palisade_envelope::{Code, Error};
use palisade_identity::ids::uuid_at;
use palisade_store::{Decides, Refusals};
use palisade_tenancy::{
    Caller, Clock as _, SystemClock, TenantId,
    admit::{Claims, TenantHeader},
};
use zeroize::Zeroizing;

use crate::{
    Failure,
    cli::Operator,
    config::{Database, api_key},
    node::{self, Node},
};

/// Whose key, and of which tenant.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyArguments {
    /// The file that holds the tenant's API key; without it the key is taken from the environment, PALISADE_API_KEY
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The tenant, by id or name: the command fails where the key is another one's
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

/// The holder of an API key, with the database.
pub(crate) struct KeyHolder {
    pub(crate) node: Node,
    key: Zeroizing<String>,
    tenant: TenantId,
    context: RequestContext,
    /// What was refused and is not on its way to the audit trail yet.
    refusals: Refusals,
}

impl KeyHolder {
    /// The holder of the key that the arguments name, on the configured database. `what` begins the request id that the
    /// audit trail shows of all that this run does.
    pub(crate) async fn open(
        database: &Database,
        arguments: &KeyArguments,
        what: &str,
    ) -> Result<Self, Failure> {
        let key = arguments.key()?;
        let store = node::connect_for_work(database).await?;
        let wanted = match &arguments.tenant {
            None => None,
            Some(reference) => Some(Operator::on(store.clone())?.tenant(reference).await?),
        };
        let context = RequestContext {
            request_id: format!("{what}-{}", uuid_at(SystemClock.now())).into(),
            ip: None,
        };
        let mut holder = Self {
            node: Node::start(store, None)?,
            key,
            tenant: TenantId::PLATFORM,
            context,
            refusals: Refusals::default(),
        };
        match holder.admitted(wanted).await {
            Ok(tenant) => {
                holder.tenant = tenant;
                Ok(holder)
            }
            Err(failure) => {
                holder.node.close().await;
                Err(failure)
            }
        }
    }

    async fn admitted(&self, wanted: Option<TenantId>) -> Result<TenantId, Failure> {
        let caller = self.caller().await.map_err(|error| match error.code() {
            Code::Unauthenticated => Failure::new(
                "the API key is not accepted: it is none, or revoked, expired, or bound to networks",
            ),
            _ => error.into(),
        })?;
        match wanted {
            Some(wanted) if wanted != caller.tenant() => Err(Failure::new(
                "the API key is one of another tenant than `--tenant` names",
            )),
            _ => Ok(caller.tenant()),
        }
    }

    /// The tenant of the key.
    pub(crate) const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The caller. Asked for again with each piece of work: a key that is revoked meanwhile counts no more.
    pub(crate) async fn caller(&self) -> palisade_envelope::Result<Arc<Caller>> {
        let claims = Claims {
            api_key: &[self.key.as_bytes()],
            ..Claims::default()
        };
        self.node
            .admission
            .admit(claims, TenantHeader::Optional)
            .await
    }

    /// Hands what was refused over to the audit trail, one row for each action: to be called after each piece of work,
    /// in which many rows may be refused the same.
    pub(crate) fn record_refusals(&self) {
        self.refusals.record(&self.node.store);
    }

    /// Writes down what is still queued and lets go of the database.
    pub(crate) async fn close(self) {
        self.record_refusals();
        self.node.close().await;
    }
}

impl Decides for KeyHolder {
    async fn decide<A: Action>(
        &self,
        target: A::Target,
    ) -> palisade_envelope::Result<Authorized<A>> {
        let caller = self.caller().await?;
        let decided = self
            .node
            .gate
            .decide::<A>(&caller, target, self.context.clone())
            .await;
        decided.map_err(|refusal| {
            if let Refusal::Denied(denied) = &refusal {
                self.refusals.add(denied);
            }
            Error::from(refusal)
        })
    }
}

impl KeyArguments {
    fn key(&self) -> Result<Zeroizing<String>, Failure> {
        let key = match &self.key_file {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Failure::new(format!(
                        "the key file `{}` can't be read: {error}",
                        path.display()
                    ))
                })?;
                Some(text)
            }
            None => api_key()?,
        };
        let key = key.map(Zeroizing::new).ok_or_else(|| {
            Failure::new(
                "there is no API key: name its file with `--key-file`, or set PALISADE_API_KEY",
            )
        })?;
        Ok(Zeroizing::new(key.trim().to_owned()))
    }
}
