//! The body of a batch.

use palisade_envelope::{Code, Error, Result};
use serde_json::Value;
use uuid::Uuid;

use super::{
    identity::create_of,
    object::{Object, Unknown},
};
use crate::{IdentityId, change::CreateIdentity, json};

/// The most items of one batch.
pub const MAX_BATCH: usize = 1_000;
/// The most items of one batch that have a plain password, each of which is hashed.
pub const MAX_BATCH_PASSWORDS: usize = 200;

/// One item of a batch.
#[derive(Debug)]
pub struct BatchItem {
    /// What is to be done.
    pub work: BatchWork,
    /// The caller's own name for the item; answered with it.
    pub patch_id: Option<Uuid>,
}

/// What an item asks for.
#[derive(Debug)]
pub enum BatchWork {
    /// `"create": null`, or nothing at all.
    Nothing,
    /// A new identity.
    Create(Box<CreateIdentity>),
    /// The end of one.
    Delete(IdentityId),
}

/// The body of a batch: `{"identities": [{"create": {..}, "patch_id": ".."}, {"delete": ".."}]}`. Strict: unknown fields
/// are refused at every level, and one wrong item refuses all.
///
/// # Errors
/// As [`super::create`], with the item's place in the field's name; `invalid_request` for more than [`MAX_BATCH`]
/// items or [`MAX_BATCH_PASSWORDS`] plain passwords.
pub fn batch(body: &[u8]) -> Result<Vec<BatchItem>> {
    let mut object = Object::new(json::parse(body)?, "", Unknown::Refused)?;
    let items = object.list("identities")?.unwrap_or_default();
    object.end()?;
    if items.len() > MAX_BATCH {
        return Err(too_many(MAX_BATCH, ""));
    }
    let items = items
        .into_iter()
        .enumerate()
        .map(|(index, value)| item(value, format!("identities.{index}")))
        .collect::<Result<Vec<_>>>()?;
    let passwords = items
        .iter()
        .filter(|item| {
            matches!(&item.work, BatchWork::Create(create) if create.credentials.plain_password().is_some())
        })
        .count();
    if passwords > MAX_BATCH_PASSWORDS {
        return Err(too_many(MAX_BATCH_PASSWORDS, " with a plaintext password"));
    }
    Ok(items)
}

fn too_many(most: usize, kind: &str) -> Error {
    Error::with_message(
        Code::InvalidRequest,
        format!(
            "The maximum number of identities per request that can be created or deleted at once{kind} is {most}."
        ),
    )
    .detail("field", "identities")
    .detail("expected", format!("{most} items at most"))
}

fn item(value: Value, path: String) -> Result<BatchItem> {
    let mut object = Object::new(value, path, Unknown::Refused)?;
    let patch_id = uuid(&mut object, "patch_id")?;
    let create = object.object("create")?;
    let delete = uuid(&mut object, "delete")?.map(IdentityId::from_uuid);
    let work = match (create, delete) {
        (Some(_), Some(_)) => {
            return Err(object.wrong("delete", "nothing beside `create`: an item does one thing"));
        }
        (Some(create), None) => BatchWork::Create(Box::new(create_of(create)?)),
        (None, Some(id)) => BatchWork::Delete(id),
        (None, None) => BatchWork::Nothing,
    };
    object.end()?;
    Ok(BatchItem { work, patch_id })
}

fn uuid(object: &mut Object, name: &str) -> Result<Option<Uuid>> {
    match object.string(name)? {
        None => Ok(None),
        Some(text) => match Uuid::try_parse(&text) {
            Ok(id) => Ok(Some(id)),
            Err(_) => Err(object.wrong(name, "a UUID")),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decode(items: Value) -> Result<Vec<BatchItem>> {
        batch(json!({ "identities": items }).to_string().as_bytes())
    }

    const ID: &str = "018f4b1e-0000-7000-8000-000000000001";

    #[test]
    fn an_item_creates_deletes_or_does_nothing() {
        let items = decode(json!([
            {"create": {"traits": {"email": "a@example.org"}}, "patch_id": ID},
            {"delete": ID},
            {"create": null},
            {},
        ]))
        .expect("decodes");
        assert!(matches!(items[0].work, BatchWork::Create(_)) && items[0].patch_id.is_some());
        assert!(matches!(&items[1].work, BatchWork::Delete(id) if id.to_string() == ID));
        assert!(matches!(items[2].work, BatchWork::Nothing));
        assert!(matches!(items[3].work, BatchWork::Nothing));
        assert!(batch(b"{}").expect("nothing to do").is_empty());
        assert!(decode(json!([])).expect("nothing to do").is_empty());
    }

    #[test]
    fn one_wrong_item_refuses_all_and_is_named() {
        for (item, field) in [
            (
                json!({"create": {}, "patch_id": "x"}),
                "identities.1.patch_id",
            ),
            (json!({"delete": "x"}), "identities.1.delete"),
            (json!({"delete": ID, "create": {}}), "identities.1.delete"),
            (json!({"create": {"id": ID}}), "identities.1.create.id"),
            (json!({"creat": {}}), "identities.1.creat"),
            (json!(7), "identities.1"),
            (
                json!({"create": {"state": "gone"}}),
                "identities.1.create.state",
            ),
            (
                json!({"create": {"region": "mars"}}),
                "identities.1.create.region",
            ),
            (
                json!({"create": {"credentials": {"password": {"config": {"hashed_password": "x"}}}}}),
                "identities.1.create.credentials.password.config.hashed_password",
            ),
        ] {
            let error = decode(json!([{"create": {}}, item])).expect_err(field);
            assert_eq!(error.envelope().details["field"], field);
            assert_eq!(error.code().status(), 400);
        }
        let error = batch(br#"{"identity": []}"#).expect_err("unknown");
        assert_eq!(error.code(), Code::UnknownField);
    }

    #[test]
    fn a_batch_has_a_thousand_items_and_two_hundred_plain_passwords_at_most() {
        let items = |count: usize, item: &Value| Value::Array(vec![item.clone(); count]);
        let plain = json!({"create": {"credentials": {"password": {"config": {"password": "p"}}}}});
        assert_eq!(
            decode(items(1_000, &json!({"create": null})))
                .expect("fits")
                .len(),
            1_000
        );
        let error = decode(items(1_001, &json!({"create": null}))).expect_err("too many");
        assert_eq!(
            error.envelope().message,
            "The maximum number of identities per request that can be created or deleted at once is 1000."
        );
        decode(items(200, &plain)).expect("fits");
        let error = decode(items(201, &plain)).expect_err("too many");
        assert!(
            error
                .envelope()
                .message
                .ends_with("with a plaintext password is 200.")
        );
    }
}
