//! The names of schemas and messages (RFC 7643 section 10.3, RFC 7644 section 8.2).

/// The core schema of users.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core schema of groups.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The extension of users in an enterprise.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The document that describes the service.
pub const SERVICE_PROVIDER_CONFIG: &str =
    "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// The document that describes a kind of resource.
pub const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// The document that describes a schema.
pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// The message of a list.
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The message of a search by POST.
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// The message of a PATCH.
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The message of a bulk request.
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// The answer to a bulk request.
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// The message of an error.
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// Palisade's extension of the error message: its code and the notices of policies.
pub const PALISADE_ERROR: &str = "urn:palisade:scim:api:messages:2.0:Error";

/// What the URNs of standard schemas and messages begin with: no tenant defines one of these.
pub(crate) const RESERVED: [&str; 2] = ["urn:ietf:params:scim:", "urn:palisade:"];

/// What follows a URN that `text` begins with: nothing, or what stands after a colon. URNs of schemas are compared without
/// regard to case (RFC 7643 section 2.1 on names; RFC 8141 on the `urn` part).
pub(crate) fn after<'a>(text: &'a str, urn: &str) -> Option<&'a str> {
    let head = text.get(..urn.len())?;
    if !head.eq_ignore_ascii_case(urn) {
        return None;
    }
    let rest = text.get(urn.len()..)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix(':')
}
