//! `GET /admin/identities/by/external/{externalID}`

use palisade_authz::action::ReadIdentity;
use palisade_envelope::Code;

use super::{body::IdentityBody, get::answer, reveal};
use crate::{call::Call, doc::Doc, guard::Guarded, locate::ExternalIdInPath, problem::Answer};

pub(super) fn doc() -> Doc {
    Doc::new(
        "getIdentityByExternalID",
        "identities.get_by_external_id",
        "identity",
        "Get an identity by its external ID",
    )
    .query(&[reveal::INCLUDE])
    .replies::<IdentityBody<'_>>(200)
    .tagged()
    .refuses(&[Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn get_by_external_id(
    guarded: Guarded<ReadIdentity, ExternalIdInPath>,
    call: Call,
) -> Answer {
    answer(guarded, &call).await
}
