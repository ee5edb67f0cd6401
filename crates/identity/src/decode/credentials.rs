//! Credentials that come with an identity.

use palisade_envelope::{Error, Result};
use serde_json::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    identity::time,
    keys,
    object::{Object, Unknown},
};
use crate::{
    CredentialType,
    change::{CodeImport, CredentialImport, PasswordImport, ProviderSubject, TotpImport},
    credential::{AccountSettings, hash::MAX_PASSWORD},
};

/// The longest URL of a seed, in bytes.
const MAX_TOTP_URL: usize = 2048;
/// The longest backup code, in characters.
const MAX_CODE: usize = 255;

pub(super) fn import(object: Option<Object>) -> Result<CredentialImport> {
    let Some(mut object) = object else {
        return Ok(CredentialImport::default());
    };
    let imported = CredentialImport {
        password: config(object.object("password")?)?
            .map(password)
            .transpose()?,
        oidc: config(object.object("oidc")?)?.map(providers).transpose()?,
        saml: config(object.object("saml")?)?.map(providers).transpose()?,
        totp: config(object.object("totp")?)?.map(totp).transpose()?,
        lookup_secret: config(object.object("lookup_secret")?)?
            .map(codes)
            .transpose()?,
        webauthn: config(object.object("webauthn")?)?
            .map(|config| keys::import(config, CredentialType::Webauthn))
            .transpose()?,
        passkey: config(object.object("passkey")?)?
            .map(|config| keys::import(config, CredentialType::Passkey))
            .transpose()?,
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

pub(super) fn password(mut config: Object) -> Result<PasswordImport> {
    // The plain one wins over the hash where both are sent.
    let plain = config
        .string("password")?
        .filter(|text| !text.is_empty())
        .map(Zeroizing::new);
    let hashed = config.string("hashed_password")?;
    if config.flag("use_password_migration_hook")? == Some(true) {
        if plain.is_some() || hashed.is_some_and(|hash| !hash.is_empty()) {
            return Err(config.wrong(
                "use_password_migration_hook",
                "`false` where `password` or `hashed_password` is sent: with a password here there is none to fetch",
            ));
        }
        config.end()?;
        return Ok(PasswordImport::Elsewhere);
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

pub(super) fn providers(mut config: Object) -> Result<Vec<ProviderSubject>> {
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
    let organization = match object.string("organization")?.filter(|id| !id.is_empty()) {
        None => None,
        Some(text) => match Uuid::try_parse(&text) {
            Ok(id) => Some(id),
            Err(_) => return Err(object.wrong("organization", "a UUID")),
        },
    };
    // What Ory shows of an account besides, and a client may send back; tokens of providers are not kept.
    for token in [
        "initial_id_token",
        "initial_access_token",
        "initial_refresh_token",
    ] {
        object.string(token)?;
    }
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

pub(super) fn totp(mut config: Object) -> Result<TotpImport> {
    const EXPECTED: &str =
        "a URL such as `otpauth://totp/<issuer>:<account>?secret=<Base32>&issuer=<issuer>`";
    let url = config
        .string("totp_url")?
        .map(Zeroizing::new)
        .filter(|url| is_seed(url));
    let Some(url) = url else {
        return Err(config.wrong("totp_url", EXPECTED));
    };
    config.end()?;
    Ok(TotpImport(url))
}

/// The form of Google Authenticator's key URIs: what can't be one would be found out at the next sign-in only.
fn is_seed(url: &str) -> bool {
    let base32 = |c: u8| c.is_ascii_alphabetic() || matches!(c, b'2'..=b'7' | b'=');
    let query = url
        .strip_prefix("otpauth://totp/")
        .and_then(|rest| rest.split_once('?'));
    url.len() <= MAX_TOTP_URL
        && !url.chars().any(char::is_control)
        && query.is_some_and(|(_, query)| {
            query
                .split('&')
                .filter_map(|pair| pair.strip_prefix("secret="))
                .any(|secret| !secret.is_empty() && secret.bytes().all(base32))
        })
}

pub(super) fn codes(mut config: Object) -> Result<Vec<CodeImport>> {
    // `codes` is what Ory takes, `recovery_codes` what it shows.
    let name = if config.has("recovery_codes") && !config.has("codes") {
        "recovery_codes"
    } else {
        "codes"
    };
    let (path, unknown) = (config.path(name), config.unknown());
    let Some(items) = config.list(name)? else {
        return Err(config.wrong(name, "a list of codes"));
    };
    config.end()?;
    items
        .into_iter()
        .enumerate()
        .map(|(index, item)| code(Object::new(item, format!("{path}.{index}"), unknown)?))
        .collect()
}

fn code(mut object: Object) -> Result<CodeImport> {
    let code = object.string("code")?.filter(|code| {
        !code.is_empty() && code.chars().count() <= MAX_CODE && !code.chars().any(char::is_control)
    });
    let Some(code) = code else {
        let expected = format!("1 to {MAX_CODE} characters, none of them a control character");
        return Err(object.wrong("code", expected));
    };
    let used_at = match object.string("used_at")? {
        None => None,
        Some(text) => match time(&text) {
            Some(time) => Some(time),
            None => return Err(object.wrong("used_at", "a time such as `2026-01-31T12:00:00Z`")),
        },
    };
    object.end()?;
    Ok(CodeImport {
        code: Zeroizing::new(code),
        used_at,
    })
}
