//! How involved a policy may be, told from its text before Cedar sees it.
//!
//! Cedar's parser and validator recurse on what is nested: a document well below the cap on its length can
//! overflow a thread's stack (which ends the process), pass validation unseen because the validator gave up, or
//! take hours (the time doubles with each `if` in an `if`). So a policy is looked over first, and parsed and
//! validated where there is room ([`with_room`]).

use palisade_envelope::{Error, Result};

use crate::Finding;

/// What of it one policy may have.
struct Limit {
    what: &'static str,
    most: usize,
    hint: &'static str,
}

const NESTING: Limit = Limit {
    what: "levels of brackets",
    most: 16,
    hint: "split the policy into several",
};
const IFS: Limit = Limit {
    what: "`if` expressions",
    most: 8,
    hint: "write one policy a case instead",
};
const CONNECTIVES: Limit = Limit {
    what: "`&&` and `||`",
    most: 512,
    hint: "use a set (`[a, b].contains(x)`, `x in [a, b]`), or split the policy into several",
};
const STEPS: Limit = Limit {
    what: "arithmetic operators and chained calls",
    most: 32,
    hint: "write the result of the calculation",
};

const ACCESSES: Limit = Limit {
    what: "attributes read one of the other",
    most: 8,
    hint: "no attribute is that deep",
};

/// Refuses a document with a policy above a limit.
pub(crate) fn check(text: &str) -> Result<(), Box<Finding>> {
    let mut counts = Counts::default();
    let mut chars = text.char_indices().peekable();
    // Whether a bracket was just closed, and how many attributes were just read one of the other.
    let (mut after_call, mut accesses) = (false, 0);
    while let Some((at, c)) = chars.next() {
        let follows_call = std::mem::take(&mut after_call);
        let path = std::mem::take(&mut accesses);
        let next = chars.peek().map(|(_, next)| *next);
        let over = match c {
            c if c.is_whitespace() => {
                (after_call, accesses) = (follows_call, path);
                None
            }
            '"' => {
                while let Some((_, c)) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => drop(chars.next()),
                        _ => {}
                    }
                }
                None
            }
            '/' if next == Some('/') => {
                while chars.next().is_some_and(|(_, c)| c != '\n' && c != '\r') {}
                (after_call, accesses) = (follows_call, path);
                None
            }
            '(' | '[' | '{' => {
                counts.nesting += 1;
                counts.steps += usize::from(c == '[' && follows_call);
                above(counts.nesting, &NESTING).or(above(counts.steps, &STEPS))
            }
            ')' | ']' | '}' => {
                counts.nesting = counts.nesting.saturating_sub(1);
                after_call = true;
                None
            }
            ';' if counts.nesting == 0 => {
                counts = Counts::default();
                None
            }
            '&' | '|' if next == Some(c) => {
                chars.next();
                counts.connectives += 1;
                above(counts.connectives, &CONNECTIVES)
            }
            '.' if !follows_call => {
                accesses = path + 1;
                above(accesses, &ACCESSES)
            }
            '+' | '-' | '*' | '.' => {
                counts.steps += 1;
                above(counts.steps, &STEPS)
            }
            c if c.is_alphabetic() || c == '_' => {
                let mut word = String::from(c);
                while let Some((_, c)) = chars.next_if(|(_, c)| c.is_alphanumeric() || *c == '_') {
                    word.push(c);
                }
                accesses = path;
                counts.ifs += usize::from(word == "if");
                above(counts.ifs, &IFS)
            }
            _ => None,
        };
        if let Some(limit) = over {
            let message = format!(
                "the policy is too complex: more than {} {}",
                limit.most, limit.what
            );
            return Err(Box::new(Finding::at(text, at, message).hint(limit.hint)));
        }
    }
    Ok(())
}

/// What one policy has of it.
#[derive(Default)]
struct Counts {
    nesting: usize,
    ifs: usize,
    connectives: usize,
    steps: usize,
}

fn above(count: usize, limit: &'static Limit) -> Option<&'static Limit> {
    (count > limit.most).then_some(limit)
}

/// Runs it on a thread whose stack has room for the longest chain that [`check`] lets through: on the stack of a
/// request's thread the validator would give up and find nothing.
///
/// # Errors
/// `internal` when there is no thread to be had.
pub(crate) fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    /// Cedar takes up to 20 KiB a level without optimization.
    const STACK: usize = 64 * 1024 * 1024;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("policy".to_owned())
            .stack_size(STACK);
        let running = thread.spawn_scoped(scope, work).map_err(Error::internal)?;
        running
            .join()
            .map_err(|_| Error::internal("the thread that reads policies panicked"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_comments_and_the_end_of_a_policy_are_told_apart_from_what_counts() {
        let ordinary =
            "permit (principal, action, resource) when { principal.tenant == resource.tenant };";
        check(&ordinary.repeat(150)).expect("counts start anew with each policy");
        let quoted = format!(
            "permit (principal == A::\"{}\\\"{}\", action, resource);",
            "(".repeat(99),
            "if + ".repeat(99)
        );
        check(&quoted).expect("text in strings does not count");
        check(&format!(
            "// {}\npermit (principal, action, resource);",
            "([{if+".repeat(99)
        ))
        .expect("nor in comments");
        let attribute = "principal.iffy && ".repeat(100);
        check(&format!(
            "permit (principal, action, resource) when {{ {attribute} true }};"
        ))
        .expect("no `if`");
    }

    #[test]
    fn each_limit_is_told_by_name() {
        let within = |condition: String| {
            check(&format!(
                "permit (principal, action, resource) when {{ {condition} }};"
            ))
        };
        for (condition, what) in [
            ("(".repeat(16), "brackets"),
            ("if a then ".repeat(9), "`if`"),
            ("a && b || ".repeat(257), "`&&` and `||`"),
            ("1 + ".repeat(33), "arithmetic"),
            (format!("a{}", ".b() ".repeat(34)), "chained"),
            (format!("a{}", "[\"b\"] ".repeat(34)), "chained"),
            (format!("a{}", " . b".repeat(9)), "one of the other"),
        ] {
            let finding = within(condition).expect_err(what);
            assert!(finding.message.contains(what), "{finding:?}");
        }
        within("(".repeat(15)).expect("15 and the braces");
        within("if a then ".repeat(8)).expect("8");
    }
}
