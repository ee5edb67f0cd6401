//! How much of everything: the limits that the service advertises and keeps.

/// The largest body of a request, in bytes; of a bulk request too.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The largest resource, as JSON without its members, in bytes: lists look at many of them.
pub const MAX_RESOURCE_BYTES: usize = 256 * 1024;
/// The most operations in a bulk request.
pub const MAX_BULK_OPERATIONS: usize = 1_000;
/// The most resources in an answer.
pub const MAX_PAGE: u64 = 1_000;
/// The resources in an answer where the client does not say how many.
pub const DEFAULT_PAGE: u64 = 100;
/// The longest time that a cursor can be used, in seconds.
pub const CURSOR_TIMEOUT_SECONDS: u64 = 3_600;
/// The most operations in a PATCH.
pub const MAX_PATCH_OPERATIONS: usize = 1_000;
/// The most members that a request names.
pub const MAX_MEMBERS_NAMED: usize = 10_000;
/// The most members of a group.
pub const MAX_GROUP_MEMBERS: usize = 100_000;
/// The most members with which a group is answered to a PATCH; a larger one answers 204.
pub const MAX_MEMBERS_ANSWERED: usize = 1_000;
/// The longest string, in bytes.
pub const MAX_STRING_BYTES: usize = 16 * 1024;
/// The deepest nesting of JSON; `{"a": [1]}` is two deep.
pub const MAX_JSON_DEPTH: usize = 32;
/// The most values of an attribute, members apart.
pub const MAX_VALUES: usize = 500;

/// The longest filter or path, in bytes.
pub const MAX_FILTER_BYTES: usize = 8 * 1024;
/// The deepest nesting of a filter: parentheses, `not` and brackets.
pub const MAX_FILTER_DEPTH: usize = 32;
/// The most comparisons in a filter.
pub const MAX_FILTER_TERMS: usize = 200;
/// The most names in `attributes` or `excludedAttributes`.
pub const MAX_PROJECTED: usize = 200;

/// The most attributes in a schema that a tenant defines, sub-attributes included.
pub const MAX_DEFINED_ATTRIBUTES: usize = 200;
/// The most characters of a name in such a schema.
pub const MAX_NAME_CHARS: usize = 64;
/// The most bytes of the URN of such a schema.
pub const MAX_URN_BYTES: usize = 200;

/// How often the filters of a PATCH may be held against a value, all its operations taken together.
pub(crate) const MAX_PATCH_COMPARISONS: usize = 1_000_000;
/// How many bytes the operations of a PATCH may write, each value counted as often as it is written.
pub(crate) const MAX_PATCH_BYTES: usize = 4 * MAX_BODY_BYTES;
