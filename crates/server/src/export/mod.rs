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
    import::LONGEST,
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
        token = page.next;
        let mut left = page.items;
        while !left.is_empty() {
            let (lines, moved) = if options.without_secrets {
                let bare = |identity| (identity, BTreeMap::new());
                (left.into_iter().map(bare).collect(), Vec::new())
            } else {
                with_secrets(holder, left).await?
            };
            for (identity, configs) in lines {
                let line = identity_line(&identity, &base_url, configs)?;
                if line.len() > LONGEST {
                    output::remark(format_args!(
                        "identity {} takes {} bytes, more than `palisade import` takes in a row: {LONGEST}",
                        identity.id,
                        line.len(),
                    ));
                }
                sink.line(&line)?;
                count += 1;
            }
            // What was changed meanwhile is written as it is by now.
            left = read_again(holder, moved).await?;
        }
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

type Configs = BTreeMap<CredentialType, RawJson>;

/// The identities with their secret parts, each with a row in the audit trail, and those that were changed since they
/// were read; what is gone is neither.
async fn with_secrets(
    holder: &KeyHolder,
    identities: Vec<Identity>,
) -> Result<(Vec<(Identity, Configs)>, Vec<IdentityId>), Failure> {
    let grant = holder.decide::<RevealCredentials>(Own).await?;
    let store = &holder.node.store;
    let mut revealed = store.reveal_secrets(&grant, &identities, KINDS).await?;
    let lines = identities.into_iter().filter_map(|identity| {
        let secrets = revealed.secrets.remove(&identity.id)?;
        let configs = credential::reveal_all(&identity, KINDS, &secrets);
        Some((identity, configs))
    });
    Ok((lines.collect(), revealed.moved))
}

/// These identities as they are now; at most a page of them.
async fn read_again(holder: &KeyHolder, ids: Vec<IdentityId>) -> Result<Vec<Identity>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let grant = holder.decide::<ListIdentities>(Own).await?;
    let request = PageRequest {
        size: PageSize::LARGEST,
        token: None,
    };
    let filter = IdentityFilter {
        ids,
        ..IdentityFilter::default()
    };
    let store = &holder.node.store;
    let page = store.list_identities(&grant, &filter, &request).await?;
    Ok(page.items)
}
