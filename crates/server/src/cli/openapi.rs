use crate::{Failure, output};

/// `palisade openapi`
pub(super) fn run() -> Result<(), Failure> {
    output::answer(palisade_http::openapi_json().trim_end())
}
