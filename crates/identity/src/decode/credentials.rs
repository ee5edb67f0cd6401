//! Credentials that come with an identity.

use palisade_envelope::{Error, Result};
use serde_json::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::object::{Object, Unknown};
use crate::{
    change::{CredentialImport, PasswordImport, ProviderSubject},
    credential::AccountSettings,
};

/// The longest plain password, in bytes. Hashing takes no longer for a longer one, but nobody types more.
const MAX_PASSWORD: usize = 4096;

pub(super) fn import(object: Option<Object>) -> Result<CredentialImport> {
    let Some(mut object) = object else {
        return Ok(CredentialImport::default());
    };
    for kind in ["totp", "lookup_secret", "webauthn", "passkey"] {
        if object.any(kind).is_some() {
            let path = object.path(kind);
            return Err(Error::with_message(
                palisade_envelope::Code::InvalidRequest,
                format!("`{path}`: importing credentials of this type is not supported yet"),
            )
            .detail("field", path)
            .detail(
                "expected",
                "nothing; `password`, `oidc` and `saml` can be imported",
            ));
        }
    }
    let imported = CredentialImport {
        password: config(object.object("password")?)?
            .map(password)
            .transpose()?,
        oidc: config(object.object("oidc")?)?.map(providers).transpose()?,
        saml: config(object.object("saml")?)?.map(providers).transpose()?,
    };
    object.end()?;
    Ok(imported)
}

/// The member `config`, the only one that a credential has; a credential without it is as good as none.
fn config(credential: Option<Object>) -> Result<Option<Object>> {
    let Some(mut credential) = credential else {
        return Ok(None);
    };
    let config = credential.object("config")?;
    credential.end()?;
    Ok(config)
}

fn password(mut config: Object) -> Result<PasswordImport> {
    // The plain one wins over the hash where both are sent.
    let plain = config
        .string("password")?
        .filter(|text| !text.is_empty())
        .map(Zeroizing::new);
    let hashed = config.string("hashed_password")?;
    if config.flag("use_password_migration_hook")? == Some(true) {
        return Err(config.wrong(
            "use_password_migration_hook",
            "`false`; the migration hook is not supported",
        ));
    }
    if plain
        .as_ref()
        .is_some_and(|plain| plain.len() > MAX_PASSWORD)
    {
        return Err(config.wrong("password", format!("at most {MAX_PASSWORD} bytes")));
    }
    let path = config.path("hashed_password");
    config.end()?;
    match (plain, hashed) {
        (Some(plain), _) => Ok(PasswordImport::Plain(plain)),
        (None, Some(hash)) => {
            crate::credential::hash::recognise(&hash).map_err(|refusal| refusal.error(&path))?;
            Ok(PasswordImport::Hashed(hash))
        }
        (None, None) => Err(Error::field(
            path,
            "a hash, or `password` with the plain password",
        )),
    }
}

fn providers(mut config: Object) -> Result<Vec<ProviderSubject>> {
    // Ory's own clients know a member `config` here that Ory does nothing with.
    drop(config.any("config"));
    let path = config.path("providers");
    let items = config.list("providers")?.unwrap_or_default();
    let unknown = config.unknown();
    config.end()?;
    items
        .into_iter()
        .enumerate()
        .map(|(index, item)| provider(item, &format!("{path}.{index}"), unknown))
        .collect()
}

fn provider(item: Value, path: &str, unknown: Unknown) -> Result<ProviderSubject> {
    let mut object = Object::new(item, path, unknown)?;
    let read = |object: &mut Object, name: &str| match object
        .string(name)?
        .filter(|text| !text.is_empty())
    {
        Some(text) => Ok(text),
        None => Err(object.wrong(name, "a string that is not empty")),
    };
    let (provider, subject) = (
        read(&mut object, "provider")?,
        read(&mut object, "subject")?,
    );
    let use_auto_link = object.flag("use_auto_link")?.unwrap_or(false);
    let organization = match object.string("organization")? {
        Some(text) if !text.is_empty() => {
            let organization = Uuid::try_parse(&text);
            Some(organization.map_err(|_| object.wrong("organization", "a UUID"))?)
        }
        _ => None,
    };
    object.end()?;
    Ok(ProviderSubject {
        provider,
        subject,
        settings: AccountSettings {
            use_auto_link,
            organization,
        },
    })
}
