//! Filters of any kind: those that the grammar gives, those that nobody means, and those that are meant to hurt.

use std::time::Instant;

use proptest::prelude::*;

use super::tests::{fits, refused, user};
use super::*;
use crate::limits;

#[test]
fn abuse_45_bombs_are_refused_in_under_five_milliseconds() {
    // The first filter fills what is filled once.
    assert!(fits("id pr"));
    let bombs = [
        "(".repeat(20_000),
        format!("{}id pr{}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{}id pr{}", "(".repeat(2_000), ")".repeat(2_000)),
        "not(".repeat(2_000),
        "emails[".repeat(1_000),
        format!("userName eq \"{}\"", "a".repeat(65_536)),
        vec!["id pr"; 1_000].join(" or "),
        "\\\"".repeat(4_000),
        format!("\"{}", "\\".repeat(8_000)),
    ];
    for bomb in &bombs {
        // The best of a few: the machine may have other things to do.
        let took = (0..5).map(|_| {
            let begun = Instant::now();
            refused(bomb);
            begun.elapsed()
        });
        let best = took.min().expect("was tried");
        assert!(best.as_millis() < 5, "{bomb:.40} took {best:?}");
    }
}

#[test]
fn what_is_within_the_limits_is_read() {
    let deep = limits::MAX_FILTER_DEPTH;
    assert!(fits(&format!(
        "{}id pr{}",
        "(".repeat(deep),
        ")".repeat(deep)
    )));
    refused(&format!(
        "{}id pr{}",
        "(".repeat(deep + 1),
        ")".repeat(deep + 1)
    ));
    let wide = limits::MAX_FILTER_TERMS;
    assert!(fits(&vec!["id pr"; wide].join(" and ")));
    refused(&vec!["id pr"; wide + 1].join(" and "));
    refused(&format!("emails[{}]", vec!["type pr"; wide].join(" or ")));
}

/// Filters of the RFC's grammar, on attributes that there are.
fn conforming() -> impl Strategy<Value = String> {
    let word = "[a-zA-Z0-9 @.\\\\\"()\\[\\]äß]{0,8}";
    let text = word.prop_map(|text| serde_json::to_string(&text).expect("serializes"));
    let name = proptest::sample::select(vec![
        "userName",
        "name.givenName",
        "emails.value",
        "externalId",
    ]);
    let op = proptest::sample::select(vec!["eq", "NE", "co", "sw", "ew", "gt", "lt", "ge", "le"]);
    let compare =
        (name, op, text.clone()).prop_map(|(name, op, text)| format!("{name} {op} {text}"));
    let element = (text.clone(), text)
        .prop_map(|(a, b)| format!("emails[type eq {a} and not (value co {b})]"));
    let leaf = prop_oneof![
        compare,
        element,
        Just("title pr".to_owned()),
        Just("active eq true".to_owned())
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

/// Parentheses that change nothing count as nesting for us and not for the other; so do chains that the other flattens.
fn flat(filter: scim_v2::filter::Filter) -> String {
    filter.to_string().to_lowercase()
}

proptest! {
    #[test]
    fn our_grammar_reads_what_another_reads_and_as_it_does(text in conforming()) {
        let ours = parse(&text, &ResourceType::user()).expect("conforms");
        let theirs: scim_v2::filter::Filter = text.parse().expect("conforms");
        let again: scim_v2::filter::Filter = ours.to_string().parse().expect("shown as it can be read");
        prop_assert_eq!(flat(theirs), flat(again));
    }

    #[test]
    fn what_is_shown_is_read_as_the_same(text in conforming()) {
        let user = ResourceType::user();
        let ours = parse(&text, &user).expect("conforms");
        let again = parse(&ours.to_string(), &user).expect("is shown as it can be read");
        prop_assert_eq!(ours.to_string(), again.to_string());
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        drop(parse(&text, &ResourceType::user()));
    }

    #[test]
    fn any_mix_of_the_words_of_filters_is_read_or_refused(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "userName", "emails", "[", "]", "(", ")", "not", "and", "or", "eq", "pr", "gt", "\"x\"", "true", "null",
            ".value", "type", "\"", "5", "members", "urn:ietf:params:scim:schemas:core:2.0:User:id", ":", ".",
        ]), 0..25)
    ) {
        let text = words.join(" ");
        if let Ok(filter) = parse(&text, &ResourceType::user()) {
            let _: bool = filter.matches(&user());
        }
        drop(crate::path::PatchPath::parse(&words.concat(), &ResourceType::user()));
    }
}
