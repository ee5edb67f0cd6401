//! An action beside the catalogue.

#[derive(Debug)]
struct Harmless;

impl palisade_authz::action::sealed::Sealed for Harmless {}

fn main() {}
