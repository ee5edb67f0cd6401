//! Generated documents are committed; tests compare them with what would be generated now.

use std::path::Path;

/// Fails when `docs/<name>` is not `text`, and says how to bring it up to date.
pub(crate) fn check(name: &str, text: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let committed = std::fs::read_to_string(root.join("docs").join(name)).unwrap_or_default();
    if committed == text {
        return;
    }
    let fresh = root.join("target").join(name);
    std::fs::write(&fresh, text).expect("target/ can be written");
    panic!(
        "docs/{name} is out of date; from the root of the repository: cp target/{name} docs/{name}"
    );
}
