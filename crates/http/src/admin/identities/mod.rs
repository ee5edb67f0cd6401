//! `/admin/identities`, and the same handlers at `/iam/identities`.
//! To add an operation: a file with its handler and its `doc()`, and a line in [`mount`].

mod batch;
mod body;
mod change;
mod create;
mod delete;
mod delete_credential;
mod get;
mod get_by_external_id;
mod imports;
mod line;
mod list;
mod list_query;
mod patch;
mod replace;
mod reveal;

use actix_web::http::Method;
use palisade_authz::action;

pub(crate) use body::IdentityBody;
pub(crate) use change::{schema, taken};
pub use line::identity_line;
pub(crate) use list_query::time;

use crate::routes::RouteTable;

/// Both mounts.
pub(crate) fn mount(table: &mut RouteTable) {
    // Ory's operation ids belong to Ory's paths; the second mount has its own, since ids are unique in a document.
    for (prefix, suffix) in [("/admin", ""), ("/iam", "AtIam")] {
        let all = format!("{prefix}/identities");
        let one = format!("{prefix}/identities/{{id}}");
        let by_external_id = format!("{prefix}/identities/by/external/{{externalID}}");
        let doc = |doc: crate::doc::Doc| doc.again(suffix);
        table.guarded::<action::ListIdentities, _, _>(
            Method::GET,
            &all,
            list::list,
            doc(list::doc()),
        );
        table.guarded::<action::CreateIdentity, _, _>(
            Method::POST,
            &all,
            create::create,
            doc(create::doc()),
        );
        table.guarded::<action::BatchIdentities, _, _>(
            Method::PATCH,
            &all,
            batch::batch,
            doc(batch::doc()),
        );
        table.guarded::<action::ReadIdentity, _, _>(
            Method::GET,
            &by_external_id,
            get_by_external_id::get_by_external_id,
            doc(get_by_external_id::doc()),
        );
        table.guarded::<action::ReadIdentity, _, _>(Method::GET, &one, get::get, doc(get::doc()));
        table.guarded::<action::UpdateIdentity, _, _>(
            Method::PUT,
            &one,
            replace::replace,
            doc(replace::doc()),
        );
        table.guarded::<action::UpdateIdentity, _, _>(
            Method::PATCH,
            &one,
            patch::patch,
            doc(patch::doc()),
        );
        table.guarded::<action::DeleteIdentity, _, _>(
            Method::DELETE,
            &one,
            delete::delete,
            doc(delete::doc()),
        );
        table.guarded::<action::DeleteCredential, _, _>(
            Method::DELETE,
            format!("{one}/credentials/{{type}}"),
            delete_credential::delete_credential,
            doc(delete_credential::doc()),
        );
    }
}
