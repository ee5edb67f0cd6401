//! The registry: every error code once, with its HTTP status and its sentence.

use serde::Serialize;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $status:literal, $sentence:literal;)+) => {
        /// A machine-readable error code. Callers branch on it; it never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as callers see it, such as `tenant_mismatch`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status that the code travels with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// The sentence for the caller where the raiser has nothing more exact to say.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }

            /// Whether a reply with it says how long to wait, in `Retry-After`.
            pub const fn asks_to_wait(self) -> bool {
                matches!(self, Self::Unavailable | Self::RateLimited | Self::IdempotencyKeyInFlight)
            }

            /// When the code is used, for `docs/HTTP-STATUS.md`.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)+),)+ }
            }
        }
    };
}

codes! {
    /// The request can't be read, or a value in it is wrong.
    InvalidRequest = "invalid_request", 400, "the request is malformed or contains an invalid value";
    /// The body is not JSON.
    InvalidJson = "invalid_json", 400, "the request body is not valid JSON";
    /// The body names a field that the operation does not know.
    UnknownField = "unknown_field", 400, "the request body names an unknown field";
    /// Traits do not fit the identity schema, or the schema is unknown.
    SchemaViolation = "schema_violation", 400, "the traits do not fit the identity schema";
    /// An identifier in the path, query or body is not a UUID.
    InvalidId = "invalid_id", 400, "the id is not a UUID";
    /// A page token was made for another tenant, filter or order, or by someone else.
    InvalidPageToken = "invalid_page_token", 400, "the page token is not valid here; use the one that the previous page gave";
    /// `/v1` needs `X-Tenant-ID`, and it is missing.
    TenantRequired = "tenant_required", 400, "the header `X-Tenant-ID` is required";
    /// `X-Tenant-ID` is not a UUID, or was sent more than once.
    InvalidTenantId = "invalid_tenant_id", 400, "the header `X-Tenant-ID` must be sent once and hold a UUID";
    /// A header that must be unique was sent more than once, or can't be read.
    InvalidHeader = "invalid_header", 400, "a request header is invalid";
    /// A JSON Patch can't be applied.
    InvalidPatch = "invalid_patch", 400, "the JSON Patch can't be applied";
    /// Ory's dialect: the act would take away the last way to sign in.
    LastFirstFactor = "last_first_factor", 400, "this is the last way to sign in; add `?force=true` to remove it all the same";
    /// No credential, or one that is malformed, unknown, expired or revoked.
    Unauthenticated = "unauthenticated", 401, "a valid credential is required: send `X-API-Key` or `Authorization: Bearer`";
    /// No session token, or one that is malformed, unknown, expired or ended, or of an identity or a tenant that is not active.
    SessionInactive = "session_inactive", 401, "no active session was found in this request";
    /// The credential belongs to another tenant than the request names.
    TenantMismatch = "tenant_mismatch", 403, "the credential belongs to another tenant than the one named in the request";
    /// The tenant is suspended; nothing but the operator's surface answers it.
    TenantSuspended = "tenant_suspended", 403, "the tenant is suspended";
    /// Policy refused; `notices` say why where the policies do.
    Forbidden = "forbidden", 403, "policy does not allow this action";
    /// The provider's token is good, but its account is linked to nobody here, and the rules let nobody link it.
    NotLinked = "not_linked", 403, "the token is good, but its account is linked to no user here";
    /// Absent, or another tenant's: the two are not told apart.
    NotFound = "not_found", 404, "the resource was not found";
    /// The path is known, the method is not; `Allow` lists those that are.
    MethodNotAllowed = "method_not_allowed", 405, "the method is not allowed for this path";
    /// A value that must be unique is taken; `details.conflicts` names the field.
    Conflict = "conflict", 409, "a resource with that value exists already";
    /// The identity is inactive, and the act needs an active one.
    IdentityInactive = "identity_inactive", 409, "the identity is inactive; activate it first";
    /// The external identity is linked to an identity already.
    AlreadyLinked = "already_linked", 409, "the external identity is already linked";
    /// The provider's token is good, but its account is linked to nobody here yet: a person has to decide.
    LinkRequiresReview = "link_requires_review", 409, "the account is not linked to a user here yet; an administrator has to decide on it";
    /// An admin rejected the external identity; it can be taken back into the queue first.
    LinkRejected = "link_rejected", 409, "the external identity was rejected; undo that first";
    /// There is nothing that could be undone.
    NothingToUndo = "nothing_to_undo", 409, "nothing is left that could be undone";
    /// The act would take away the last way to sign in.
    LastCredential = "last_credential", 409, "this is the last way to sign in; add `?force=true` to remove it all the same";
    /// A provisioning system manages the link.
    ManagedByScim = "managed_by_scim", 409, "the link is managed by a SCIM client; add `?force=true` to change it all the same";
    /// The resource is used by others and can't be removed.
    InUse = "in_use", 409, "the resource is in use";
    /// Identities of the schema would not fit its new text; `details.impact` tells how many, and samples them.
    BreaksIdentities = "breaks_identities", 409, "identities of this schema would no longer fit it; add `?force=true` to write it all the same";
    /// The request that first had this `Idempotency-Key` is still being done; `Retry-After` says when to come back.
    IdempotencyKeyInFlight = "idempotency_key_in_flight", 409, "the request with this idempotency key is still being done; try again";
    /// The request with this `Idempotency-Key` was done, but the node failed before its answer was kept. It is not done again; `details.request_id`
    /// is the first request's, under which the audit events say what was changed.
    IdempotencyAnswerLost = "idempotency_answer_lost", 409, "the request with this idempotency key was done, but its answer is lost; look at what it changed";
    /// The policies would leave no owner able to change them.
    PolicyLockout = "policy_lockout", 409, "with this change no owner could manage policies any more";
    /// `If-Match` names an older state of the resource.
    StaleResource = "stale_resource", 412, "the resource has changed since it was read";
    /// The body is larger than the surface takes.
    BodyTooLarge = "body_too_large", 413, "the request body is too large";
    /// The body is of another media type than JSON.
    UnsupportedMediaType = "unsupported_media_type", 415, "the media type of the body is not supported";
    /// The document is well-formed, but what it says is refused; `details` say where.
    InvalidDocument = "invalid_document", 422, "the document is not acceptable";
    /// The `Idempotency-Key` was sent with another request before: another path, query or body.
    IdempotencyKeyReused = "idempotency_key_reused", 422, "the idempotency key was used for another request";
    /// A Cedar policy does not parse or does not validate; `details.errors` give line, column and hint.
    InvalidPolicy = "invalid_policy", 422, "the policy is not valid";
    /// A limit of the tenant is reached.
    LimitReached = "limit_reached", 422, "a limit is reached";
    /// Too many requests of a kind that is limited; `Retry-After` and `details.retry_after_seconds` say when to come back.
    RateLimited = "rate_limited", 429, "too many requests; try again later";
    /// A fault of ours. The cause is in the log under the request id.
    Internal = "internal", 500, "an internal error occurred; quote the request id to the operator";
    /// The database can't be reached or is too busy.
    Unavailable = "unavailable", 503, "the service is unavailable for the moment; try again";
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_spelled_once_and_has_an_error_status() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} stands twice", code.as_str());
            assert!((400..600).contains(&code.status()));
        }
    }

    #[test]
    fn sentences_start_small_and_end_open() {
        for code in Code::ALL {
            let sentence = code.sentence();
            assert!(
                sentence.starts_with(|c: char| !c.is_uppercase()),
                "{sentence}"
            );
            assert!(!sentence.ends_with('.'), "{sentence}");
        }
    }
}
