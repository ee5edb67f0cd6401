//! Where everything is kept: SQLite and PostgreSQL from one query text.
//!
//! Owns: [`Store`], the rows, the transactions, page tokens, the audit trail, word of changes between nodes.
//! Depends on: `palisade-authz`, `palisade-linking`, `palisade-migrations` and below; sea-orm is used here and in the
//! migrations only. It implements the ports `Directory` (tenancy) and `PolicySource` (authz).
//!
//! Rules of the house:
//! - every statement on a tenant's rows goes through `TenantTx` (`tx.rs`), which binds the tenant as `$1`; a text
//!   without the tenant's predicate does not compile (`sql.rs`);
//! - a write takes its grant by value and becomes a job (`job.rs`), whose rows and audit row commit together;
//! - no file but `dialect.rs` asks which database it is.
//!
//! To add an operation: a file in the folder of its noun with a struct that implements `Job` (a write) or a method
//! that asks `self.reader(scope)` (a read), and a case in `tests/contract/`.

mod act;
mod audit;
mod cache;
mod dialect;
mod fault;
mod idempotency;
mod identities;
mod imports;
mod job;
mod keys;
mod links;
mod listen;
mod page;
mod policies;
mod providers;
mod readers;
mod replica;
mod row;
mod schemas;
mod scim;
mod sealed;
mod select;
mod session_tokens;
mod sessions;
mod sql;
mod store;
mod tenants;
mod tx;
mod writer;

pub use audit::{
    Actor, AuditEvent, AuditEventId, AuditFilter, AuditedResource, Decision, refusals::Refusals,
};
pub use idempotency::{Attempt, Reservation, ReservationRequest};
pub use identities::{BatchItem, NumberedPage, Rehearsal, Revealed};
pub use imports::{ImportProgress, ImportRequest, ImportStep, RejectedCount, RejectedRows};
pub use keys::{ApiKeyRecord, KeyOverlap, NewApiKey, RotatedKey};
pub use links::{
    account::{Account, AccountFilter},
    grants::{Decides, KnownProviders, Named, link_grants},
    history::LinkEvent,
    imported::ImportGrants,
    resolve::To,
    sign_in::{SignIn, SignInState},
};
pub use listen::Heard;
pub use page::{Page, PageRequest};
pub use policies::PolicyDocument;
pub use providers::{IdentityProviderUpdate, NewIdentityProvider, ProviderSettings};
pub use replica::Consistency;
pub use schemas::{ImpactBudget, Misfit, Numbering, SchemaDocument, SchemaImpact};
pub use scim::{
    ConnectionKeyDocument, ConnectionSettings, GroupNext, GroupOfUser, ListPage, ListRequest,
    MemberOfGroup, Membership, NewConnectionKey, ScimGroup, ScimUser, ScimUserState, UserWrite,
};
pub use sealed::{Sealable, Sealed};
pub use session_tokens::{
    PublicKey, RetiredKey, RotatedSigningKey, SessionTokens, SigningKey, SigningKeyId,
    TemplateDocument,
};
pub use sessions::{
    Bulk, KnownSession, NewDevice, NewSession, Position, Reach, SessionFilter, SessionPage,
};
pub use store::{Store, StoreOptions};
pub use tenants::{Tenant, TenantUpdate};
