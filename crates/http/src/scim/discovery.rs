//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`: what the service is and knows.

use actix_web::http::Method;
use palisade_authz::action::ReadScimSchemas;
use palisade_envelope::{Code, Error, Result};
use palisade_scim::discovery;

use super::{
    ROOT,
    context::{GROUP, USER, base, query},
    doc,
};
use crate::{call::Call, guard::Guarded, problem::Answer, reply::Reply, routes::RouteTable};

pub(super) fn mount(table: &mut RouteTable) {
    table.public(
        Method::GET,
        format!("{ROOT}/ServiceProviderConfig"),
        service_provider_config,
        "says what the service can do, the same to everyone; clients ask before they have a key",
        doc("scimServiceProviderConfig", "scim.service_provider_config"),
    );
    table.guarded::<ReadScimSchemas, _, _>(
        Method::GET,
        format!("{ROOT}/ResourceTypes"),
        resource_types,
        doc("scimResourceTypes", "scim.resource_types"),
    );
    table.guarded::<ReadScimSchemas, _, _>(
        Method::GET,
        format!("{ROOT}/ResourceTypes/{{name}}"),
        resource_type,
        doc("scimResourceType", "scim.resource_type"),
    );
    table.guarded::<ReadScimSchemas, _, _>(
        Method::GET,
        format!("{ROOT}/Schemas"),
        schemas,
        doc("scimSchemas", "scim.schemas"),
    );
    table.guarded::<ReadScimSchemas, _, _>(
        Method::GET,
        format!("{ROOT}/Schemas/{{urn}}"),
        schema,
        doc("scimSchema", "scim.schema"),
    );
}

/// A filter on what is the same for all would be passed over otherwise (RFC 7644 section 4).
fn unfiltered(call: &Call) -> Result<()> {
    match query(call.request.query_string())?.filter {
        None => Ok(()),
        Some(_) => Err(Error::with_message(
            Code::Forbidden,
            "the discovery documents can't be filtered",
        )),
    }
}

async fn service_provider_config(call: Call) -> Answer {
    unfiltered(&call)?;
    let base = base(&call.request, &*call.app()?)?;
    Reply::ok(&call.request).json(&discovery::service_provider_config(&base))
}

async fn resource_types(guarded: Guarded<ReadScimSchemas>, call: Call) -> Answer {
    unfiltered(&call)?;
    let base = base(&call.request, &guarded.app)?;
    Reply::ok(&call.request).json(&discovery::resource_types(&base, &[&USER, &GROUP]))
}

async fn resource_type(guarded: Guarded<ReadScimSchemas>, call: Call) -> Answer {
    unfiltered(&call)?;
    let base = base(&call.request, &guarded.app)?;
    let name = call.path("name")?;
    let of = [&*USER, &*GROUP]
        .into_iter()
        .find(|of| of.name() == name)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    Reply::ok(&call.request).json(&discovery::resource_type(&base, of))
}

async fn schemas(guarded: Guarded<ReadScimSchemas>, call: Call) -> Answer {
    unfiltered(&call)?;
    let base = base(&call.request, &guarded.app)?;
    Reply::ok(&call.request).json(&discovery::schemas(&base, &[&USER, &GROUP]))
}

async fn schema(guarded: Guarded<ReadScimSchemas>, call: Call) -> Answer {
    unfiltered(&call)?;
    let base = base(&call.request, &guarded.app)?;
    let schema = discovery::find_schema(&call.path("urn")?, &[&USER, &GROUP])
        .ok_or_else(|| Error::new(Code::NotFound))?;
    Reply::ok(&call.request).json(&discovery::schema(&base, schema))
}
