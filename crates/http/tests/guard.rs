//! What must not compile.

#[test]
fn an_unguarded_handler_and_one_behind_another_action_do_not_mount() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
