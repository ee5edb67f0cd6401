//! Signatures checked with `ring`, for `jsonwebtoken`, which leaves them to whom it is told.

use std::sync::Once;

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
};
use ring::signature as check;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: verifier,
    // Asked for when keys are made or printed, which is not done here.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Tells `jsonwebtoken` to check signatures with `ring`; to be called before it is asked to.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Nobody else of the program uses it, so nobody was first.
        let _ = PROVIDER.install_default();
    });
}

fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let (algorithm, key) = (*algorithm, key.kind().clone());
    Ok(Box::new(Verifier { algorithm, key }))
}

struct Verifier {
    algorithm: Algorithm,
    key: DecodingKeyKind,
}

impl JwtVerifier for Verifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl signature::Verifier<Vec<u8>> for Verifier {
    fn verify(&self, message: &[u8], given: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        // Which algorithm goes with which kind of key is decided here: none of those with a shared secret is there.
        let good = match (&self.key, self.algorithm) {
            (DecodingKeyKind::RsaModulusExponent { n, e }, algorithm) => {
                let parameters = match algorithm {
                    Algorithm::RS256 => &check::RSA_PKCS1_2048_8192_SHA256,
                    Algorithm::RS384 => &check::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::RS512 => &check::RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::PS256 => &check::RSA_PSS_2048_8192_SHA256,
                    Algorithm::PS384 => &check::RSA_PSS_2048_8192_SHA384,
                    Algorithm::PS512 => &check::RSA_PSS_2048_8192_SHA512,
                    _ => return Err(signature::Error::new()),
                };
                check::RsaPublicKeyComponents { n, e }.verify(parameters, message, given)
            }
            (DecodingKeyKind::SecretOrDer(point), Algorithm::ES256) => {
                check::UnparsedPublicKey::new(&check::ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, given)
            }
            (DecodingKeyKind::SecretOrDer(point), Algorithm::ES384) => {
                check::UnparsedPublicKey::new(&check::ECDSA_P384_SHA384_FIXED, point)
                    .verify(message, given)
            }
            (DecodingKeyKind::SecretOrDer(key), Algorithm::EdDSA) => {
                check::UnparsedPublicKey::new(&check::ED25519, key).verify(message, given)
            }
            _ => return Err(signature::Error::new()),
        };
        good.map_err(|_| signature::Error::new())
    }
}
