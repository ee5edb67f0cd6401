//! A user of a Keycloak realm, as realm exports show it.

use data_encoding::BASE32_NOPAD;
use palisade_envelope::{Error, Result};
use serde_json::{Map, Value, json};

use super::{
    mapping::Mapping,
    record::{Record, at, flag, list, object, only_text, text},
    values::milliseconds,
};

/// The traits fit the schema that every tenant starts with. What else Keycloak knows is in `metadata_admin`.
pub(super) fn record(user: &Value, mapping: &Mapping) -> Result<Record> {
    object(user)?;
    let mut record = Record::default();
    let member = |name: &str| only_text(user, name).map(|text| text.map(Value::from));
    record.set(&["id"], member("id")?);
    record.set(&["external_id"], member("id")?);
    record.set(&["traits", "email"], member("email")?);
    record.set(&["traits", "name", "first"], member("firstName")?);
    record.set(&["traits", "name", "last"], member("lastName")?);
    if flag(user, "enabled")? == Some(false) {
        record.set(&["state"], Some("inactive".into()));
    }
    if let Some(created) = at(user, "createdTimestamp") {
        let created = created
            .as_i64()
            .and_then(milliseconds)
            .ok_or_else(|| Error::field("createdTimestamp", "a time in milliseconds since 1970"))?;
        record.set(&["created_at"], Some(created));
    }
    let verified = flag(user, "emailVerified")? == Some(true);
    if let Some(email) = text(user, "email").filter(|_| verified) {
        record.verified(email);
    }
    let kept = [
        "username",
        "attributes",
        "requiredActions",
        "realmRoles",
        "clientRoles",
        "groups",
        "serviceAccountClientId",
    ];
    let kept: Map<String, Value> = kept
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), at(user, name)?.clone())))
        .filter(|(_, value)| *value != json!([]) && *value != json!({}))
        .collect();
    if !kept.is_empty() {
        record.set(&["metadata_admin", "keycloak"], Some(kept.into()));
    }
    if !mapping.leaves_out("credentials") {
        accounts(user, mapping, &mut record)?;
        credentials(user, &mut record)?;
    }
    mapping.apply(user, &mut record)?;
    Ok(record)
}

/// Accounts at outside providers.
fn accounts(user: &Value, mapping: &Mapping, record: &mut Record) -> Result<()> {
    for (index, account) in list(user, "federatedIdentities")?.iter().enumerate() {
        match (text(account, "identityProvider"), text(account, "userId")) {
            (Some(provider), Some(subject)) => {
                let field = format!("federatedIdentities.{index}.identityProvider");
                record.add_account("oidc", &mapping.provider(provider, &field)?, subject);
            }
            _ => {
                let field = format!("federatedIdentities.{index}");
                return Err(Error::field(
                    field,
                    "an object with `identityProvider` and `userId`",
                ));
            }
        }
    }
    Ok(())
}

/// The first password and the first seed of one-time passwords, in the order of their priority.
fn credentials(user: &Value, record: &mut Record) -> Result<()> {
    let mut all: Vec<(usize, &Value)> = list(user, "credentials")?.iter().enumerate().collect();
    all.sort_by_key(|(_, credential)| at(credential, "priority").and_then(Value::as_i64));
    let (mut password, mut seed) = (None, None);
    for (index, credential) in all {
        let field = format!("credentials.{index}");
        match text(credential, "type") {
            Some("password") if password.is_none() => {
                password = Some(hash(credential, &field)?);
            }
            Some("otp" | "totp") if seed.is_none() => seed = otp(user, credential, &field)?,
            // Security keys are bound to Keycloak's own origin and user handles; they are registered anew.
            _ => {}
        }
    }
    record.set(
        &["credentials", "password", "config", "hashed_password"],
        password.map(Value::from),
    );
    record.set(
        &["credentials", "totp", "config", "totp_url"],
        seed.map(Value::from),
    );
    Ok(())
}

/// The JSON that a member holds as text.
fn inner(credential: &Value, name: &str, field: &str) -> Result<Value> {
    let value = match at(credential, name) {
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        Some(Value::Object(members)) => Some(Value::Object(members.clone())),
        _ => None,
    };
    value.ok_or_else(|| Error::field(format!("{field}.{name}"), "JSON as a text"))
}

/// What is secret of a credential, and what is not. Before version 8 all of it stood in the credential itself.
fn parts(credential: &Value, field: &str) -> Result<(Value, Value)> {
    if text(credential, "hashedSaltedValue").is_some() {
        let secret =
            json!({"value": at(credential, "hashedSaltedValue"), "salt": at(credential, "salt")});
        return Ok((secret, credential.clone()));
    }
    Ok((
        inner(credential, "secretData", field)?,
        inner(credential, "credentialData", field)?,
    ))
}

/// The hash in a form that [`palisade_identity::credential::hash`] reads.
fn hash(credential: &Value, field: &str) -> Result<String> {
    let (secret, data) = parts(credential, field)?;
    let wrong = |name: &str, expected: &str| Error::field(format!("{field}.{name}"), expected);
    let value = text(&secret, "value").ok_or_else(|| wrong("secretData", "a member `value`"))?;
    // Hashes of extensions that are whole already.
    if value.starts_with('$') {
        return Ok(value.to_owned());
    }
    let salt = text(&secret, "salt").ok_or_else(|| wrong("secretData", "a member `salt`"))?;
    let (value, salt) = (value.trim_end_matches('='), salt.trim_end_matches('='));
    let passes = number(&data, "hashIterations")
        .ok_or_else(|| wrong("credentialData", "a number `hashIterations`"))?;
    let algorithm = text(&data, "algorithm").unwrap_or("pbkdf2");
    let family = match algorithm {
        "pbkdf2" | "pbkdf2-sha1" => "pbkdf2-sha1",
        "pbkdf2-sha256" => "pbkdf2-sha256",
        "pbkdf2-sha512" => "pbkdf2-sha512",
        "argon2" => return argon2(&data, passes, salt, value, field),
        _ => {
            return Err(wrong(
                "credentialData",
                "an `algorithm` of pbkdf2, pbkdf2-sha256, pbkdf2-sha512 and argon2",
            ));
        }
    };
    let length = value.len() * 3 / 4;
    Ok(format!("${family}$i={passes},l={length}${salt}${value}"))
}

fn argon2(data: &Value, passes: u64, salt: &str, value: &str, field: &str) -> Result<String> {
    let parameter = |name: &str| {
        let value = at(data, &format!("additionalParameters.{name}"))?;
        let value = value.get(0).unwrap_or(value);
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    };
    let wrong = |expected: &str| Error::field(format!("{field}.credentialData"), expected);
    let kind = match parameter("type").as_deref() {
        Some("id") | None => "argon2id",
        Some("i") => "argon2i",
        Some(_) => return Err(wrong("argon2 of the type `id` or `i`")),
    };
    if parameter("version").is_some_and(|version| version != "1.3") {
        return Err(wrong("argon2 of the version 1.3"));
    }
    match (parameter("memory"), parameter("parallelism")) {
        (Some(memory), Some(lanes)) => Ok(format!(
            "${kind}$v=19$m={memory},t={passes},p={lanes}${salt}${value}"
        )),
        _ => Err(wrong("the parameters `memory` and `parallelism` of argon2")),
    }
}

/// A number, also as text.
fn number(value: &Value, name: &str) -> Option<u64> {
    match at(value, name)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The seed as a URL; `None` for counted one-time passwords, which there are none of here.
fn otp(user: &Value, credential: &Value, field: &str) -> Result<Option<String>> {
    let (secret, data) = parts(credential, field)?;
    if text(&data, "subType").is_some_and(|kind| kind != "totp") {
        return Ok(None);
    }
    let Some(value) = text(&secret, "value") else {
        return Err(Error::field(
            format!("{field}.secretData"),
            "a member `value`",
        ));
    };
    let seed = match text(&data, "secretEncoding") {
        Some("BASE32") => value.trim_end_matches('=').to_owned(),
        // The bytes of the text itself.
        _ => BASE32_NOPAD.encode(value.as_bytes()),
    };
    let algorithm = match text(&data, "algorithm") {
        Some("HmacSHA256") => "SHA256",
        Some("HmacSHA512") => "SHA512",
        _ => "SHA1",
    };
    let (digits, period) = (
        number(&data, "digits").unwrap_or(6),
        number(&data, "period").unwrap_or(30),
    );
    let account = text(user, "email")
        .or_else(|| text(user, "username"))
        .unwrap_or("user");
    let mut label = url::Url::parse("otpauth://totp/").map_err(Error::internal)?;
    label.set_path(&format!("Keycloak:{account}"));
    Ok(Some(format!(
        "{label}?secret={seed}&issuer=Keycloak&algorithm={algorithm}&digits={digits}&period={period}"
    )))
}

#[cfg(test)]
mod tests {
    use palisade_identity::change::ImportIdentity;

    use super::*;

    fn import(user: &Value) -> Result<ImportIdentity> {
        record(user, &Mapping::default())?.finish()
    }

    fn user(credentials: Value) -> Value {
        json!({
            "id": "5a0e2f6e-1c4a-4a53-9f6f-0d1a2b3c4d5e", "username": "ada", "email": "ada@example.org",
            "emailVerified": true, "enabled": false, "firstName": "Ada", "lastName": "Okafor",
            "createdTimestamp": 1_577_934_245_678_i64, "attributes": {"team": ["core"]}, "realmRoles": [],
            "federatedIdentities": [{"identityProvider": "github", "userId": "42", "userName": "ada"}],
            "credentials": credentials, "notBefore": 0, "totp": false,
        })
    }

    #[test]
    fn a_user_becomes_an_identity() {
        let secret = json!({"value": "dqTvWpOgIM2MKzJgWzq1Rlq5n9B2oQ0gSFqDRgPz2Bg=", "salt": "c2FsdHNhbHRzYWx0c2FsdA==",
            "additionalParameters": {}});
        let data = json!({"hashIterations": 27_500, "algorithm": "pbkdf2-sha256", "additionalParameters": {}});
        let seed = json!({"value": "abcdefghij"});
        let how = json!({"subType": "totp", "digits": 8, "counter": 0, "period": 60, "algorithm": "HmacSHA256"});
        let user = user(json!([
            {"type": "otp", "secretData": seed.to_string(), "credentialData": how.to_string(), "priority": 20},
            {"type": "password", "secretData": secret.to_string(), "credentialData": data.to_string(), "priority": 10},
            {"type": "webauthn", "secretData": "{}", "credentialData": "{}"},
        ]));
        let read = import(&user).expect("is read");
        let create = &read.create;
        assert_eq!(
            create.traits,
            Some(json!({"email": "ada@example.org", "name": {"first": "Ada", "last": "Okafor"}}))
        );
        assert_eq!(create.state.map(|state| state.as_str()), Some("inactive"));
        assert_eq!(
            create.metadata_admin,
            Some(json!({"keycloak": {"username": "ada", "attributes": {"team": ["core"]}}}))
        );
        assert_eq!(create.external_id.as_deref(), user["id"].as_str());
        let verified = &create.verifiable_addresses[0];
        assert_eq!(
            (verified.value.as_str(), verified.verified),
            ("ada@example.org", true)
        );
        assert_eq!(verified.verified_at, read.seen.created_at);
        assert_eq!(
            read.seen.created_at.map(|time| time.timestamp_millis()),
            Some(1_577_934_245_678)
        );
        let account = &create.credentials.oidc.as_ref().expect("accounts")[0];
        assert_eq!(
            (account.provider.as_str(), account.subject.as_str()),
            ("github", "42")
        );
        assert!(create.credentials.password.is_some());
        let totp = create.credentials.totp.as_ref().expect("a seed");
        assert_eq!(
            totp.0.as_str(),
            "otpauth://totp/Keycloak:ada@example.org?secret=MFRGGZDFMZTWQ2LK&issuer=Keycloak&algorithm=SHA256&digits=8&period=60"
        );
    }

    #[test]
    fn what_shuts_a_user_out_is_understood_or_refused() {
        let with = |name: &str, value: Value| {
            let mut user = user(json!([]));
            user[name] = value;
            import(&user)
        };
        let state = |value| {
            let read = with("enabled", value).expect("is read");
            read.create.state.map(|state| state.as_str())
        };
        for no in [json!(false), json!("false"), json!("FALSE"), json!(0)] {
            assert_eq!(state(no.clone()), Some("inactive"), "{no}");
        }
        for yes in [json!(true), json!("true"), json!(1), json!(null)] {
            assert_ne!(state(yes.clone()), Some("inactive"), "{yes}");
        }
        for (name, value) in [
            ("enabled", json!("maybe")),
            ("enabled", json!([false])),
            ("emailVerified", json!({})),
            ("email", json!(["ada@example.org"])),
            ("createdTimestamp", json!("soon")),
            ("federatedIdentities", json!({})),
            ("credentials", json!("none")),
        ] {
            let error = with(name, value.clone()).expect_err(name);
            assert_eq!(error.envelope().details["field"], name, "{value}");
        }
    }

    #[test]
    fn hashes_of_every_version_are_understood() {
        let (salt, value) = (
            "c2FsdHNhbHRzYWx0c2FsdA==",
            "dqTvWpOgIM2MKzJgWzq1Rlq5n9B2oQ0gSFqDRgPz2Bg=",
        );
        let secret = json!({"value": value, "salt": salt}).to_string();
        let argon2 = json!({"hashIterations": 5, "algorithm": "argon2", "additionalParameters":
            {"hashLength": ["32"], "memory": ["7168"], "type": ["id"], "version": ["1.3"], "parallelism": ["1"]}});
        let new =
            json!({"type": "password", "secretData": secret, "credentialData": argon2.to_string()});
        assert_eq!(
            hash(&new, "c").expect("a hash"),
            format!(
                "$argon2id$v=19$m=7168,t=5,p=1${}${}",
                salt.trim_end_matches('='),
                value.trim_end_matches('=')
            )
        );
        let old = json!({"type": "password", "hashedSaltedValue": value, "salt": salt, "hashIterations": 20_000,
            "algorithm": "pbkdf2-sha512"});
        assert_eq!(
            hash(&old, "c").expect("a hash"),
            format!(
                "$pbkdf2-sha512$i=20000,l=32${}${}",
                salt.trim_end_matches('='),
                value.trim_end_matches('=')
            )
        );
        let error = hash(
            &json!({"secretData": secret, "credentialData": json!({"hashIterations": 1, "algorithm": "md4"}).to_string()}),
            "credentials.0",
        )
        .expect_err("unknown");
        assert_eq!(
            error.envelope().details["field"],
            "credentials.0.credentialData"
        );
    }

    #[test]
    fn seeds_of_every_version_are_understood() {
        let old = json!({"type": "totp", "hashedSaltedValue": "abcdefghij", "digits": 8, "period": 60, "counter": 0,
            "algorithm": "HmacSHA256", "hashIterations": 0});
        let read = import(&user(json!([old]))).expect("is read");
        let totp = read.create.credentials.totp.expect("a seed");
        assert_eq!(
            totp.0.as_str(),
            "otpauth://totp/Keycloak:ada@example.org?secret=MFRGGZDFMZTWQ2LK&issuer=Keycloak&algorithm=SHA256&digits=8&period=60"
        );
    }

    #[test]
    fn credentials_that_are_not_wanted_are_not_looked_at() {
        let mapping = Mapping::of("without = [\"credentials\"]");
        let mut user = user(json!([{"type": "password", "secretData": "{"}]));
        user["federatedIdentities"][0]["identityProvider"] = "GitHub".into();
        import(&user).expect_err("can't be had");
        let read = record(&user, &mapping).and_then(Record::finish);
        let credentials = read.expect("is read").create.credentials;
        assert!(credentials.password.is_none() && credentials.oidc.is_none());
    }

    #[test]
    fn a_flag_is_of_the_address_that_it_is_about() {
        let mapping = Mapping::of("[fields]\n\"traits.email\" = \"attributes.workmail.0\"");
        let mut user = user(json!([]));
        user["attributes"] = json!({"workmail": ["ceo@victim.test"]});
        let read = record(&user, &mapping)
            .and_then(Record::finish)
            .expect("is read");
        assert_eq!(
            read.create.traits,
            Some(json!({"email": "ceo@victim.test"}))
        );
        let addresses = &read.create.verifiable_addresses;
        assert_eq!(addresses.len(), 1);
        assert_eq!(addresses[0].value, "ada@example.org");
        assert_eq!(read.seen.verified_email, None);
        // What the mapping says of all is said of all.
        let mapping = Mapping::of("[fields]\nverified = \"emailVerified\"");
        let read = record(&user, &mapping)
            .and_then(Record::finish)
            .expect("is read");
        assert_eq!(read.seen.verified_email, Some(true));
        user["emailVerified"] = false.into();
        assert!(
            import(&user)
                .expect("is read")
                .create
                .verifiable_addresses
                .is_empty()
        );
    }

    #[test]
    fn a_user_without_what_is_needed_names_it() {
        for (user, field) in [
            (json!([]), "row"),
            (
                user(json!([{"type": "password", "secretData": "{"}])),
                "credentials.0.secretData",
            ),
            (
                json!({"federatedIdentities": [{"identityProvider": "x"}]}),
                "federatedIdentities.0",
            ),
            (
                json!({"federatedIdentities": [{"identityProvider": "GitHub", "userId": "1"}]}),
                "federatedIdentities.0.identityProvider",
            ),
        ] {
            let error = import(&user).expect_err(field);
            assert_eq!(error.envelope().details["field"], field);
        }
    }
}
