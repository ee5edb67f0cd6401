//! `POST /v1/users/{id}/verify-password`

use std::time::Duration;

use palisade_authz::{Authorized, action::VerifyPassword};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    RawJson, Secret, State,
    credential::{
        hash::{Hash, MAX_PASSWORD},
        password_is_elsewhere,
    },
};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::{
    App,
    call::{Call, Media},
    doc::Doc,
    fields::Fields,
    guard::Guarded,
    problem::Answer,
    reply::Reply,
};

/// How long a `false` takes at least, so that its time does not tell which kind of hash is kept, or whether one is. Longer
/// than all but the most costly hashes take; like the delay of failed logins on Unix.
const FALSE_TAKES: Duration = Duration::from_millis(500);

/// The password to check.
#[derive(ToSchema)]
#[schema(as = VerifyPassword)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct VerifyBody {
    /// In plain, at most 4096 bytes.
    #[schema(format = Password)]
    password: String,
}

/// Whether the password is the user's.
#[derive(Serialize, ToSchema)]
#[schema(as = PasswordVerification)]
struct VerifiedBody {
    /// `true`: the password is right and the user is active. `false`: it is wrong, there is none, or the user is inactive.
    verified: bool,
    /// `true`, and `verified` is `false`: the user is active and has a password, but not here. It was imported with this flag:
    /// ask the system that it came from, and set the password here where that says yes. Left out otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    use_password_migration_hook: bool,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "verifyUserPassword",
        "users.verify_password",
        "users",
        "Check a user's password",
    )
    .body::<VerifyBody>(Media::Json)
    .replies::<VerifiedBody>(200)
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::NotFound,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
        Code::RateLimited,
    ])
}

pub(super) async fn verify_password(guarded: Guarded<VerifyPassword>, mut call: Call) -> Answer {
    let begun = Instant::now();
    call.query(&[])?;
    let password = read(&call.body(Media::Json).await?)?;
    let Guarded {
        grant, loaded, app, ..
    } = guarded;
    let identity = loaded
        .open(&grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    app.attempts.count(grant.tenant(), identity.id)?;
    let active = identity.state == State::Active;
    let answer = check(&app, grant, active, password).await?;
    if !answer.verified {
        tokio::time::sleep_until(begun + FALSE_TAKES).await;
    }
    Reply::ok(&call.request).json(&answer)
}

/// Checks the password, and puts a stronger hash in the place of a weaker one.
async fn check(
    app: &App,
    grant: Authorized<VerifyPassword>,
    active: bool,
    password: Zeroizing<String>,
) -> Result<VerifiedBody> {
    let tenant = grant.tenant();
    let kept = app.store.password_to_verify(&grant).await?;
    let known = kept.as_ref().filter(|_| active);
    let elsewhere = known.is_some_and(password_is_elsewhere);
    let hash = known.and_then(kept_hash);
    let checked = app.hashing.check(tenant, password, hash).await?;
    if let (Some(old), Some(new)) = (kept, checked.rehashed) {
        let config = serde_json::json!({ "hashed_password": new });
        let new = Secret::new(RawJson::from_value(&config));
        // Where it is another one by now, that one stays; this one was right when it was asked.
        app.store.rehash_password(grant, old, new).await?;
    }
    Ok(VerifiedBody {
        verified: checked.verified,
        use_password_migration_hook: elsewhere,
    })
}

/// The hash that is kept, unless this program can't read it; then nothing is.
fn kept_hash(secret: &Secret) -> Option<Hash> {
    let config = secret.reveal().to_value();
    let parsed = Hash::parse(config.get("hashed_password")?.as_str()?);
    parsed
        .inspect_err(|refusal| tracing::warn!(?refusal, "a kept password hash can't be read"))
        .ok()
}

fn read(body: &[u8]) -> Result<Zeroizing<String>> {
    let mut fields = Fields::parse(body)?;
    let password = Zeroizing::new(fields.text("password")?);
    fields.finish(&["password"])?;
    if password.len() > MAX_PASSWORD {
        return Err(Error::field(
            "password",
            format!("at most {MAX_PASSWORD} bytes"),
        ));
    }
    Ok(password)
}
