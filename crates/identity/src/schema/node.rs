//! The rules of a schema, laid out like the traits that they apply to.

use std::collections::BTreeMap;

use super::extension::Rule;

/// The rules at one place and below it. References are expanded; places without rules are left out.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) rule: Option<Rule>,
    pub(super) properties: BTreeMap<String, Node>,
    /// For every element that `tuple` does not speak of.
    pub(super) items: Option<Box<Node>>,
    pub(super) tuple: Vec<Node>,
    /// From `allOf`, and from what a reference beside other keywords refers to.
    pub(super) all: Vec<Node>,
    /// From `anyOf` and `oneOf`: they count only where the value is valid under them.
    pub(super) alternatives: Vec<Alternative>,
}

/// One branch of an `anyOf` or `oneOf`.
#[derive(Debug)]
pub(super) struct Alternative {
    /// Where it stands in the document.
    pub(super) path: String,
    pub(super) node: Node,
}

impl Node {
    pub(super) fn is_empty(&self) -> bool {
        self.rule.is_none()
            && self.properties.is_empty()
            && self.items.is_none()
            && self.tuple.iter().all(Self::is_empty)
            && self.all.is_empty()
            && self.alternatives.is_empty()
    }

    /// Calls `f` with the place of each alternative.
    pub(super) fn alternatives(&self, f: &mut impl FnMut(&str)) {
        for alternative in &self.alternatives {
            f(&alternative.path);
            alternative.node.alternatives(f);
        }
        let below = self
            .properties
            .values()
            .chain(self.items.as_deref())
            .chain(&self.tuple)
            .chain(&self.all);
        for node in below {
            node.alternatives(f);
        }
    }
}
