//! `palisade export`: the identities of a tenant, page by page, one a line.

mod file;

use std::{collections::BTreeMap, path::PathBuf, time::Instant};

use palisade_authz::{
    Own,
    action::{ListIdentities, RevealCredentials},
};
use palisade_http::identity_line;
use palisade_identity::{
    CredentialType, Identity, IdentityId, RawJson, credential, filter::IdentityFilter,
    page::PageSize,
};
use palisade_store::{Decides as _, PageRequest};
use serde_json::json;

use crate::{
    Failure,
    config::Config,
    holder::{self, KeyHolder},
    listener, output,
};
use file::Sink;

/// What to export, and where to.
#[derive(Debug)]
pub(crate) struct Options {
    /// `None`: stdout.
    pub(crate) output: Option<PathBuf>,
    pub(crate) without_secrets: bool,
    pub(crate) json: bool,
}

/// The kinds of credential that have something to reveal.
const KINDS: &[CredentialType] = &[
    CredentialType::Password,
    CredentialType::Oidc,
    CredentialType::Saml,
    CredentialType::Totp,
    CredentialType::LookupSecret,
    CredentialType::Webauthn,
    CredentialType::Code,
    CredentialType::Passkey,
];

/// Writes them all.
pub(crate) async fn run(
    options: &Options,
    settings: &Config,
    holder: &holder::KeyArguments,
) -> Result<(), Failure> {
    let holder = KeyHolder::open(&settings.database, holder, "export").await?;
    let done = all(options, settings, &holder).await;
    holder.close().await;
    done
}

async fn all(options: &Options, settings: &Config, holder: &KeyHolder) -> Result<(), Failure> {
    let base_url = match settings.server.public_url() {
        Some(url) => url,
        None => listener::base_url(settings.server.listen()?),
    };
    // Before there is a file: who may not is told so at once.
    holder.decide::<ListIdentities>(Own).await?;
    if !options.without_secrets {
        holder.decide::<RevealCredentials>(Own).await?;
    }
    let began = Instant::now();
    let mut sink = Sink::open(options.output.as_deref())?;
    let (mut count, mut token) = (0_usize, None);
    loop {
        let grant = holder.decide::<ListIdentities>(Own).await?;
        let request = PageRequest {
            size: PageSize::LARGEST,
            token,
        };
        let filter = IdentityFilter::default();
        let store = &holder.node.store;
        let page = store.list_identities(&grant, &filter, &request).await?;
        let mut configs = if options.without_secrets {
            BTreeMap::new()
        } else {
            configs(holder, &page.items).await?
        };
        for identity in &page.items {
            let configs = configs.remove(&identity.id).unwrap_or_default();
            sink.line(&identity_line(identity, &base_url, configs)?)?;
        }
        count += page.items.len();
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    sink.close()?;
    let seconds = began.elapsed().as_secs_f64();
    let tenant = holder.tenant();
    if options.json {
        return output::answer_json(&json!({
            "exported": count,
            "tenant_id": tenant,
            "seconds": (seconds * 1_000.0).round() / 1_000.0,
        }));
    }
    output::remark(format_args!(
        "exported {count} identities of tenant {tenant} in {seconds:.1} s"
    ));
    Ok(())
}

/// The secret parts, each identity's with a row in the audit trail.
async fn configs(
    holder: &KeyHolder,
    identities: &[Identity],
) -> Result<BTreeMap<IdentityId, BTreeMap<CredentialType, RawJson>>, Failure> {
    let grant = holder.decide::<RevealCredentials>(Own).await?;
    let ids: Vec<IdentityId> = identities.iter().map(|identity| identity.id).collect();
    let store = &holder.node.store;
    let mut secrets = store.reveal_secrets(&grant, &ids, KINDS).await?;
    let configs = identities.iter().map(|identity| {
        let secrets = secrets.remove(&identity.id).unwrap_or_default();
        (
            identity.id,
            credential::reveal_all(identity, KINDS, &secrets),
        )
    });
    Ok(configs.collect())
}
