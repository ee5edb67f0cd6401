mod create;
mod import;
mod imports;
mod link;
mod patch;
mod replace;

use palisade_envelope::{Code, Error, Result};
use serde_json::{Value, json};

use super::*;
use crate::{IdentityId, IdentitySchema, ProviderType, Secrets, credential, decode, patch::Patch};

fn at(second: i64) -> Timestamp {
    Timestamp::from_timestamp(1_800_000_000 + second, 0).expect("in range")
}

fn schema() -> IdentitySchema {
    IdentitySchema::compile("default", &IdentitySchema::default_document()).expect("compiles")
}

fn created(body: Value) -> Result<Changed> {
    let input = decode::create(body.to_string().as_bytes())?;
    create(input, &schema(), IdentityId::generate(at(0)), at(0))
}

fn ada() -> Identity {
    created(json!({ "traits": { "email": "Ada@Example.org" } }))
        .expect("is created")
        .identity
}

fn replaced(current: &Identity, body: Value) -> Result<Changed> {
    let input = decode::replace(body.to_string().as_bytes())?;
    replace(current, &Secrets::new(), input, &schema(), at(10))
}

fn patched(current: &Identity, operations: Value) -> Result<Changed> {
    let patched = patch(current, &Patch::from_value(operations)?)?;
    finish_patch(current, patched, &schema(), at(10))
}

fn field(error: &Error) -> &str {
    error.envelope().details["field"]
        .as_str()
        .expect("names a field")
}

fn identifiers(identity: &Identity, kind: CredentialType) -> Vec<&str> {
    identity.credentials[&kind]
        .identifiers
        .iter()
        .map(String::as_str)
        .collect()
}

const HASH: &str = "$argon2id$v=19$m=16,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg";
