//! A row that was loaded for a decision can't be looked at before it.

use palisade_identity::Identity;
use palisade_store::Sealed;

fn peek(sealed: Sealed<Identity>) -> Option<Identity> {
    sealed.row
}

fn main() {
    let _ = peek;
}
