//! The native dialect: the envelope as it is.

use palisade_envelope::Envelope;

/// The body of an error reply on `/v1`.
pub(super) fn body(envelope: &Envelope) -> String {
    let mut body = serde_json::to_string(envelope).unwrap_or_default();
    body.push('\n');
    body
}
