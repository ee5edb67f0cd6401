//! SCIM 2.0 (RFC 7643, 7644, 9865) as a protocol: what messages say, and what follows from them. It reads no rows, knows no
//! clock and no tenant; the routes and the store of the service are made from it.
//!
//! Owns: the schemas ([`schema`]) and everything that is read off them.
//! Depends on: `palisade-envelope` only. Pure.
//!
//! How the parts fit, in the order of a request:
//!
//! | part | from | to |
//! |---|---|---|
//! | [`schema`] | the standard, and definitions of a tenant | [`ResourceType`]: the attributes and their characteristics |
//! | [`query`] | parameters of a list, or a search's body | [`Query`]: filter, order, page, projection |
//! | [`filter`] | text | [`Filter`](filter::Filter): a tree with attributes found and values typed, to be written in SQL or held against a resource |
//! | [`resource`] | bodies of POST and PUT | [`Incoming`](resource::Incoming): the attributes to keep, members and password apart |
//! | [`patch`] | bodies of PATCH and the state before | [`Patched`](patch::Patched): the state after, what becomes of members and password |
//! | [`bulk`] | bodies of bulk requests | operations, and the order to do them in |
//! | [`answer`], [`projection`], [`list`], [`meta`], [`version`] | what was kept | what is answered |
//! | [`mapping`] | attributes of a resource | traits of an identity |
//! | [`discovery`] | the schemas and the [`limits`] | the documents that describe the service |
//! | [`error`] | any [`palisade_envelope::Error`] | the body of a SCIM error |
//!
//! Every text from outside is bounded before it is read ([`limits`]), and what real clients send beside the standard is taken where it
//! can only mean one thing; tests named `entra_..`, `okta_..`, `google_..` and `complaint_..` say what. `fuzz/` has targets for
//! filters, paths and PATCH.
//!
//! To add an attribute: one line in its schema (`schema/user.rs`, ..). To add an operator or a kind of value: `filter/ast.rs`,
//! `filter/literal.rs`, and the store's SQL.

pub mod answer;
pub mod bulk;
pub mod discovery;
pub mod error;
pub mod filter;
pub mod limits;
pub mod list;
pub mod mapping;
pub mod meta;
pub mod patch;
pub mod path;
pub mod projection;
pub mod query;
pub mod resource;
pub mod schema;
pub mod urn;
mod value;
pub mod version;

pub use error::ScimType;
pub use list::ListResponse;
pub use path::AttributePath;
pub use projection::Projection;
pub use query::Query;
pub use resource::Resource;
pub use schema::ResourceType;
