//! What must not compile. Each program in `ui/` is one way around the gate, and its `.stderr` the compiler's refusal.

#[test]
fn the_ways_around_the_gate_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
