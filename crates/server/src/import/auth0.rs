//! A user of Auth0, as its export of users shows it; its hash is taken from where its export of hashes has it.

use palisade_envelope::{Error, Result};
use serde_json::{Value, json};

use super::{
    mapping::Mapping,
    record::{Record, at, flag, list, object, only_text, text},
    values::{instant, plain},
};

/// The connections that are Auth0's own, whose accounts are the user itself.
const OWN: &[&str] = &["auth0", "email", "sms"];

/// The traits fit the schema that every tenant starts with. What else Auth0 knows is in the metadata.
pub(super) fn record(user: &Value, mapping: &Mapping) -> Result<Record> {
    object(user)?;
    let mut record = Record::default();
    // The second names are those of exports that were asked for no fields.
    let first_of = |names: [&str; 2]| {
        let [name, other] = names;
        Ok::<_, Error>(only_text(user, name)?.or(only_text(user, other)?))
    };
    let is = |names: [&str; 2]| {
        let [name, other] = names;
        Ok::<_, Error>(flag(user, name)?.or(flag(user, other)?) == Some(true))
    };
    let id = first_of(["user_id", "Id"])?;
    let email = first_of(["email", "Email"])?;
    record.set(&["external_id"], id.map(Value::from));
    record.set(&["traits", "email"], email.map(Value::from));
    record.set(
        &["traits", "name", "first"],
        first_of(["given_name", "Given Name"])?.map(Value::from),
    );
    record.set(
        &["traits", "name", "last"],
        first_of(["family_name", "Family Name"])?.map(Value::from),
    );
    if is(["blocked", "Blocked"])? {
        record.set(&["state"], Some("inactive".into()));
    }
    for (member, names) in [
        ("created_at", ["created_at", "Created At"]),
        ("updated_at", ["updated_at", "Updated At"]),
    ] {
        if let Some(time) = first_of(names)? {
            let time = instant(time)
                .ok_or_else(|| Error::field(member, "a time such as `2026-01-31T12:00:00Z`"))?;
            record.set(&[member], Some(time));
        }
    }
    let verified = is(["email_verified", "Email Verified"])?;
    if let Some(email) = email.filter(|_| verified) {
        record.verified(email);
    }
    record.set(&["metadata_public"], metadata(user, "user_metadata"));
    record.set(&["metadata_admin"], metadata(user, "app_metadata"));
    if !mapping.leaves_out("credentials") {
        record.set(
            &["credentials", "password", "config", "hashed_password"],
            hash(user)?.map(Value::from),
        );
        accounts(user, mapping, &mut record)?;
    }
    mapping.apply(user, &mut record)?;
    Ok(record)
}

fn metadata(user: &Value, name: &str) -> Option<Value> {
    at(user, name)
        .filter(|metadata| **metadata != json!({}))
        .cloned()
}

/// The hash: whole in `passwordHash`, or with its algorithm in `custom_password_hash`.
fn hash(user: &Value) -> Result<Option<String>> {
    if let Some(hash) = text(user, "passwordHash").or_else(|| text(user, "password_hash")) {
        return Ok(Some(hash.to_owned()));
    }
    let Some(custom) = at(user, "custom_password_hash") else {
        return Ok(None);
    };
    let wrong =
        |name: &str, expected: &str| Error::field(format!("custom_password_hash.{name}"), expected);
    match text(custom, "algorithm") {
        // These carry all of their parameters in the value.
        Some("argon2" | "bcrypt" | "ldap" | "pbkdf2") => {}
        _ => {
            return Err(wrong("algorithm", "`argon2`, `bcrypt`, `ldap` or `pbkdf2`"));
        }
    }
    for name in ["hash.encoding", "password.encoding"] {
        if at(custom, name).is_some_and(|encoding| encoding != "utf8") {
            return Err(wrong(name, "`utf8`"));
        }
    }
    // With one of its own, the hash is of something else than the password.
    if at(custom, "salt").is_some() {
        return Err(wrong("salt", "nothing: the hash itself has its salt"));
    }
    match text(custom, "hash.value") {
        Some(value) => Ok(Some(value.to_owned())),
        None => Err(wrong("hash.value", "a hash")),
    }
}

/// Accounts at outside providers. Of enterprise connections the connection is the provider.
fn accounts(user: &Value, mapping: &Mapping, record: &mut Record) -> Result<()> {
    for (index, account) in list(user, "identities")?.iter().enumerate() {
        let wrong = || {
            Error::field(
                format!("identities.{index}"),
                "an object with `provider` and `user_id`",
            )
        };
        let provider = text(account, "provider").ok_or_else(wrong)?;
        if OWN.contains(&provider) {
            continue;
        }
        let subject = match at(account, "user_id") {
            Some(id @ (Value::String(_) | Value::Number(_))) => plain(id).ok_or_else(|| {
                let field = format!("identities.{index}.user_id");
                Error::field(field, "a text, or a whole number of 64 bits")
            })?,
            _ => return Err(wrong()),
        };
        // Of enterprise connections the id repeats the connection.
        let connection = text(account, "connection").unwrap_or(provider);
        let subject = subject
            .strip_prefix(&format!("{connection}|"))
            .unwrap_or(&subject);
        let kind = match provider {
            "samlp" | "adfs" => "saml",
            _ => "oidc",
        };
        let provider = mapping.provider(connection, &format!("identities.{index}.connection"))?;
        record.add_account(kind, &provider, subject);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq";

    fn user(more: Value) -> Value {
        let mut user = json!({
            "user_id": "auth0|5f7c8ec7c33c6c004bbafe82", "email": "ada@example.org", "email_verified": true,
            "given_name": "Ada", "family_name": "Okafor", "created_at": "2020-10-06T15:34:15.978Z",
            "user_metadata": {"theme": "dark"}, "app_metadata": {"plan": "pro"}, "passwordHash": HASH,
            "identities": [
                {"provider": "auth0", "user_id": "5f7c8ec7c33c6c004bbafe82", "connection": "Users", "isSocial": false},
                {"provider": "google-oauth2", "user_id": 1234, "connection": "google-oauth2", "isSocial": true},
                {"provider": "samlp", "user_id": "acme-corp|ada", "connection": "acme-corp", "isSocial": false},
            ],
        });
        let members = more.as_object().expect("an object").clone();
        user.as_object_mut().expect("an object").extend(members);
        user
    }

    fn import(user: &Value) -> Result<palisade_identity::change::ImportIdentity> {
        record(user, &Mapping::default())?.finish()
    }

    #[test]
    fn a_user_becomes_an_identity() {
        let read = import(&user(json!({"blocked": true}))).expect("is read");
        let create = &read.create;
        assert_eq!(
            create.traits,
            Some(json!({"email": "ada@example.org", "name": {"first": "Ada", "last": "Okafor"}}))
        );
        assert_eq!(
            create.external_id.as_deref(),
            Some("auth0|5f7c8ec7c33c6c004bbafe82")
        );
        assert_eq!(create.metadata_public, Some(json!({"theme": "dark"})));
        assert_eq!(create.metadata_admin, Some(json!({"plan": "pro"})));
        assert_eq!(create.state.map(|state| state.as_str()), Some("inactive"));
        assert_eq!(read.id, None);
        let verified = &create.verifiable_addresses[0];
        assert_eq!(
            (verified.value.as_str(), verified.verified),
            ("ada@example.org", true)
        );
        let of = |accounts: &Option<Vec<palisade_identity::change::ProviderSubject>>| {
            let account = &accounts.as_ref().expect("accounts")[0];
            format!("{}:{}", account.provider, account.subject)
        };
        assert_eq!(of(&create.credentials.oidc), "google-oauth2:1234");
        assert_eq!(of(&create.credentials.saml), "acme-corp:ada");
    }

    #[test]
    fn what_shuts_a_user_out_is_understood_or_refused() {
        for (name, value) in [
            ("blocked", json!("true")),
            ("blocked", json!(1)),
            ("Blocked", json!(true)),
            ("Blocked", json!("TRUE")),
        ] {
            let read = import(&user(json!({ name: value }))).expect("is read");
            let state = read.create.state.map(|state| state.as_str());
            assert_eq!(state, Some("inactive"), "{name}: {value}");
        }
        for (name, value) in [
            ("blocked", json!("maybe")),
            ("Blocked", json!({})),
            ("email_verified", json!([])),
            ("user_id", json!(7)),
            ("created_at", json!({"$date": "2020-01-01"})),
            ("identities", json!({})),
        ] {
            let error = import(&user(json!({ name: value }))).expect_err(name);
            assert_eq!(error.envelope().details["field"], name, "{value}");
        }
    }

    #[test]
    fn hashes_are_found_in_either_place() {
        let custom = |algorithm: &str| {
            user(json!({"passwordHash": null, "custom_password_hash":
                {"algorithm": algorithm, "hash": {"value": HASH, "encoding": "utf8"}}}))
        };
        assert_eq!(
            hash(&custom("bcrypt")).expect("a hash").as_deref(),
            Some(HASH)
        );
        let error = import(&custom("md4")).expect_err("unknown");
        assert_eq!(
            error.envelope().details["field"],
            "custom_password_hash.algorithm"
        );
        assert_eq!(
            hash(&user(json!({"passwordHash": null}))).expect("none"),
            None
        );
    }

    #[test]
    fn a_hash_of_something_else_than_the_password_is_refused() {
        for (name, more, field) in [
            (
                "salt",
                json!({"value": "abc", "position": "prefix"}),
                "salt",
            ),
            (
                "password",
                json!({"encoding": "utf16le"}),
                "password.encoding",
            ),
            (
                "hash",
                json!({"value": HASH, "encoding": "base64"}),
                "hash.encoding",
            ),
        ] {
            let mut custom = json!({"algorithm": "bcrypt", "hash": {"value": HASH}, "password": {"encoding": "utf8"}});
            custom[name] = more;
            let user = user(json!({"passwordHash": null, "custom_password_hash": custom}));
            let error = import(&user).expect_err(field);
            let field = format!("custom_password_hash.{field}");
            assert_eq!(error.envelope().details["field"], field);
            // Who does not want it, is not kept from the rest.
            let mapping = Mapping::of("without = [\"credentials\"]");
            record(&user, &mapping).expect("is read");
        }
    }

    #[test]
    fn an_id_that_is_a_number_too_long_is_not_guessed() {
        let identities: Value = serde_json::from_str(
            r#"[{"provider": "github", "connection": "github", "user_id": 123456789012345678901234}]"#,
        )
        .expect("JSON");
        let error = import(&user(json!({ "identities": identities }))).expect_err("is too long");
        assert_eq!(error.envelope().details["field"], "identities.0.user_id");
    }

    #[test]
    fn a_flag_is_of_the_address_that_it_is_about() {
        let mapping = Mapping::of("[fields]\n\"traits.email\" = \"user_metadata.email\"");
        let user = user(json!({"user_metadata": {"email": "ceo@victim.test"}}));
        let read = record(&user, &mapping)
            .and_then(Record::finish)
            .expect("is read");
        assert_eq!(
            read.create.traits,
            Some(json!({"email": "ceo@victim.test"}))
        );
        assert_eq!(read.create.verifiable_addresses[0].value, "ada@example.org");
        assert_eq!(read.seen.verified_email, None);
    }

    #[test]
    fn exports_that_were_asked_for_no_fields_are_understood() {
        let read = import(
            &json!({"Id": "auth0|1", "Email": "a@example.org", "Email Verified": false,
            "Given Name": "A", "Created At": "2020-10-06T15:34:15.978Z"}),
        )
        .expect("is read");
        assert_eq!(read.create.external_id.as_deref(), Some("auth0|1"));
        assert!(read.create.verifiable_addresses.is_empty());
        assert!(read.seen.created_at.is_some());
    }

    #[test]
    fn connections_whose_names_would_become_the_same_are_not_mixed_up() {
        for connection in ["Acme Corp", "acme+corp", "Acme#Corp", "ACME-CORP"] {
            let account = json!({"provider": "samlp", "user_id": "ada", "connection": connection});
            let error = import(&user(json!({ "identities": [account] }))).expect_err(connection);
            assert_eq!(error.envelope().details["field"], "identities.0.connection");
        }
    }
}
