//! What must not compile.

#[test]
fn unguarded_handlers_do_not_mount_and_sealed_rows_stay_shut() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
