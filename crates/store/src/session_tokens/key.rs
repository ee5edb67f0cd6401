//! The keys that sign. The private part never leaves this file.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use palisade_envelope::{Error, Result};
use palisade_identity::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use sea_orm::{QueryResult, Value};
use serde_json::Map;
use zeroize::Zeroizing;

use crate::{
    fault::Fault,
    row::{self, Columns, unreadable},
    sql::TenantSql,
    tx::TenantTx,
};

palisade_identity::id! {
    /// A key that signs session tokens: their `kid`.
    SigningKeyId;
}

/// The public part of a key: a point on the curve P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// `kid`.
    pub id: SigningKeyId,
    /// The coordinates, big-endian.
    pub x: [u8; 32],
    /// As `x`.
    pub y: [u8; 32],
    expires_at: Option<Timestamp>,
}

impl PublicKey {
    /// Whether tokens that it signed may be good at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// A key that signs (ES256).
pub struct SigningKey {
    id: SigningKeyId,
    key: EncodingKey,
}

impl SigningKey {
    /// A token that says this, signed.
    ///
    /// # Errors
    /// `internal` where the key can't be read, which was read when it was made.
    pub fn sign(&self, claims: &Map<String, serde_json::Value>) -> Result<String> {
        let header = Header {
            kid: Some(self.id.to_string()),
            ..Header::new(Algorithm::ES256)
        };
        jsonwebtoken::encode(&header, claims, &self.key)
            .map_err(|error| Error::internal(error.to_string()))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

/// The key of a row of `id, private_key, public_key, expires_at`, with its private part where it has one.
pub(super) fn read(row: &QueryResult) -> Result<(PublicKey, Option<SigningKey>), Fault> {
    let mut columns = Columns::of(row);
    let id = SigningKeyId::from_uuid(columns.get()?);
    let private = columns.get::<Option<Vec<u8>>>()?.map(Zeroizing::new);
    let (x, y) = coordinates(&columns.get::<Vec<u8>>()?)
        .ok_or_else(|| unreadable("a public key is no point on the curve".to_owned()))?;
    let public = PublicKey {
        id,
        x,
        y,
        expires_at: columns.maybe_time()?,
    };
    let signing = private.map(|private| SigningKey {
        id,
        key: EncodingKey::from_ec_der(&private),
    });
    Ok((public, signing))
}

/// The coordinates of an uncompressed point (SEC 1 section 2.3.3).
fn coordinates(point: &[u8]) -> Option<([u8; 32], [u8; 32])> {
    let (x, y) = point.strip_prefix(&[4])?.split_first_chunk()?;
    Some((*x, y.try_into().ok()?))
}

/// A key that is not written yet.
pub(super) struct NewKey {
    pub(super) id: SigningKeyId,
    private: Zeroizing<Vec<u8>>,
    public: Vec<u8>,
}

// Of two first templates at once one brings the key.
const INSERT: TenantSql = TenantSql::new(
    "INSERT INTO session_token_keys (tenant_id, id, private_key, public_key, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, NULL) ON CONFLICT DO NOTHING",
);

impl NewKey {
    /// A new key, in some 50 microseconds.
    ///
    /// # Errors
    /// `internal` where the operating system gives no randomness.
    pub(super) fn generate(now: Timestamp) -> Result<Self> {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random)
            .map_err(|error| Error::internal(error.to_string()))?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random)
            .map_err(|error| Error::internal(error.to_string()))?;
        Ok(Self {
            id: SigningKeyId::generate(now),
            private: Zeroizing::new(document.as_ref().to_vec()),
            public: pair.public_key().as_ref().to_vec(),
        })
    }

    /// Writes it as the key that signs; `false` where the tenant has one.
    pub(super) async fn insert(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let values = [
            self.id.as_uuid().into(),
            Value::from(self.private.to_vec()),
            self.public.clone().into(),
            row::at(tx.now()),
        ];
        Ok(tx.execute(INSERT, values).await? > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_by_its_id_only_and_no_two_are_alike() {
        let now = Timestamp::from_timestamp_micros(1).expect("in range");
        let (one, other) = (
            NewKey::generate(now).expect("a key"),
            NewKey::generate(now).expect("a key"),
        );
        assert!(one.id != other.id && one.public != other.public);
        assert!(coordinates(&one.public).is_some() && coordinates(&one.public[1..]).is_none());
        let key = SigningKey {
            id: one.id,
            key: EncodingKey::from_ec_der(&one.private),
        };
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", one.id));
        let token = key.sign(&Map::new()).expect("signs");
        assert_eq!(token.split('.').count(), 3);
    }
}
