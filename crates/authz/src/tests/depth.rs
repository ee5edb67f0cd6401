//! Text that nests as deep or chains as long as its caps let it neither takes the process down, nor passes unseen,
//! nor takes long.

use std::time::{Duration, Instant};

use palisade_envelope::Result;
use palisade_tenancy::TenantState;

use super::{api_key, engine, home, stored};
use crate::{ValidPolicy, compiled::Compiled, engine::Question, lockout, validate};

fn policy(times: usize, open: &str, inner: &str, close: &str) -> String {
    format!(
        "permit (principal, action, resource) when {{ {}{inner}{} }};",
        open.repeat(times),
        close.repeat(times)
    )
}

/// On the stack that a request's thread has.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread
        .spawn(work)
        .expect("a thread")
        .join()
        .expect("no panic")
}

fn valid(text: String) -> Result<ValidPolicy> {
    on_a_small_stack(move || validate::document(&engine().platform, home(), "deep", &text))
}

#[test]
fn a_document_as_deep_as_its_length_allows_is_refused_at_once() {
    for (open, inner, close) in [
        ("(", "true", ")"),
        ("[", "1", "]"),
        ("{a:", "1", "}"),
        ("!", "true", ""),
        ("-", "1", ""),
        ("if true then ", "true", " else false"),
        ("true && (", "true", ")"),
        ("", "context", ".a"),
        ("", "context", "[\"a\"]"),
        ("", "context has a", ".a"),
        ("", "principal is A", "::A"),
        ("", "true", "&&true"),
        ("", "true", "||true"),
        ("", "1", "+1"),
        ("", "[1]", ".contains(1)"),
    ] {
        let times = (ValidPolicy::MAX_BYTES - 100) / (open.len() + close.len());
        let began = Instant::now();
        valid(policy(times, open, inner, close)).expect_err(open);
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{open}{close}: {:?}",
            began.elapsed()
        );
    }
}

/// Every construct just within its limit: right policies pass, are asked on a request's stack without an error,
/// and wrong ones are found out at the bottom.
#[test]
fn what_the_limits_let_through_is_read_to_its_end_and_can_be_asked() {
    let engine = engine();
    for (times, open, inner, close) in [
        (15, "(", "true", ")"),
        (15, "!(", "true", ")"),
        (15, "true && (", "true", ")"),
        (8, "if true then ", "true", " else false"),
        (512, "", "true", "&&true"),
        (512, "", "false", "||true"),
        (32, "", "0 == 0", "+1"),
        (4, "!", "true", ""),
    ] {
        let text = policy(times, open, inner, close);
        let began = Instant::now();
        let valid_policy = valid(text).expect(open);
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{open}{close}: {:?}",
            began.elapsed()
        );
        on_a_small_stack(move || {
            let stored = stored(1, &[("deep", valid_policy.text())]);
            lockout::check(engine, home(), &stored.policies).expect("a permit locks nobody out");
            let compiled = Compiled::new(&engine.platform, home(), &stored).expect("compiles");
            let question = Question {
                principal: &api_key(1, &[]),
                tenant_state: TenantState::Active,
                action: 0,
                resource: &engine.ordinary_resource(0, home()).expect("there is one"),
                foreign: None,
                ip: None,
            };
            assert!(
                !engine
                    .ask(&compiled, question)
                    .expect("can be asked")
                    .evaluation_error
            );
        });

        let wrong = policy(times, open, "principal.nothing", close);
        let error = valid(wrong).expect_err("the attribute does not exist");
        assert!(
            error.envelope().details["errors"]
                .to_string()
                .contains("nothing"),
            "{open}{close}: {error:?}"
        );
    }
}
