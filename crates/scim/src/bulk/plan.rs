//! The order in which the operations of a bulk request are done.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::operation::{BulkCall, BulkMethod, BulkOperation, BulkTarget};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An operation.
    Run {
        /// Its number in the request.
        operation: usize,
        /// The `bulkId`s that it names and that can't be there yet: for [`BulkCall::data`].
        without: Vec<String>,
    },
    /// What was left out of an operation that created something: [`BulkCall::completion`] is the PATCH to do on it. It fails where
    /// the other was not created.
    Complete {
        /// Its number in the request.
        operation: usize,
        /// The same `bulkId`s.
        without: Vec<String>,
    },
}

/// The order: that of the request, but for operations that name what a later one creates. Two operations on the same resource
/// stay in their order. Where operations wait for each other in a circle, the first POST of them is done without the references.
/// Each operation is run exactly once.
pub fn plan(operations: &[BulkOperation]) -> Vec<Step> {
    let mut order = Order::new(operations);
    let mut steps = Vec::with_capacity(operations.len());
    let mut completions = Vec::new();
    while let Some((operation, without)) = order.next() {
        if !without.is_empty() {
            completions.push(Step::Complete {
                operation,
                without: without.clone(),
            });
        }
        steps.push(Step::Run { operation, without });
    }
    steps.append(&mut completions);
    steps
}

struct Order<'a> {
    nodes: Vec<Node<'a>>,
    /// Those that can run, the first of the request first.
    ready: BinaryHeap<Reverse<usize>>,
    /// Those that have not run.
    waiting: BTreeSet<usize>,
    creators: HashMap<&'a str, usize>,
}

#[derive(Default)]
struct Node<'a> {
    call: Option<&'a BulkCall>,
    /// Operations that have to be done before, and those of them that can't be done without.
    after: BTreeSet<usize>,
    strictly_after: BTreeSet<usize>,
    before: Vec<usize>,
}

impl<'a> Order<'a> {
    fn new(operations: &'a [BulkOperation]) -> Self {
        let calls = || {
            operations
                .iter()
                .map(|operation| operation.call.as_ref().ok())
        };
        let mut creators = HashMap::new();
        for (index, (operation, call)) in operations.iter().zip(calls()).enumerate() {
            if call.is_some_and(|call| call.method == BulkMethod::Post)
                && let Some(bulk_id) = &operation.bulk_id
            {
                creators.insert(bulk_id.as_str(), index);
            }
        }
        let mut last: HashMap<(&str, &BulkTarget), usize> = HashMap::new();
        let mut nodes: Vec<Node<'a>> = Vec::with_capacity(operations.len());
        for (index, call) in calls().enumerate() {
            let mut node = Node {
                call,
                ..Node::default()
            };
            if let Some(call) = call {
                let named = call.references();
                node.after
                    .extend(named.iter().filter_map(|bulk_id| creators.get(bulk_id)));
                if let Some(target) = &call.target {
                    if let BulkTarget::Reference(bulk_id) = target {
                        node.strictly_after.extend(creators.get(bulk_id.as_str()));
                    }
                    let before = last.insert((call.resource_type, target), index);
                    node.strictly_after.extend(before);
                }
            }
            node.after.extend(&node.strictly_after);
            nodes.push(node);
        }
        let mut order = Self {
            ready: BinaryHeap::new(),
            waiting: (0..nodes.len()).collect(),
            nodes,
            creators,
        };
        order.link();
        order
    }

    fn link(&mut self) {
        let edges: Vec<(usize, usize)> = self
            .nodes
            .iter()
            .enumerate()
            .flat_map(|(index, node)| node.after.iter().map(move |before| (*before, index)))
            .collect();
        for (before, index) in edges {
            if let Some(node) = self.nodes.get_mut(before) {
                node.before.push(index);
            }
        }
        for (index, node) in self.nodes.iter().enumerate() {
            if node.after.is_empty() {
                self.ready.push(Reverse(index));
            }
        }
    }

    /// The next operation, and the `bulkId`s that it has to do without.
    fn next(&mut self) -> Option<(usize, Vec<String>)> {
        let index = match self.ready.pop() {
            Some(Reverse(index)) => index,
            None => self.break_circle()?,
        };
        self.waiting.remove(&index);
        let node = self.nodes.get_mut(index)?;
        let missing = std::mem::take(&mut node.after);
        let is_post = node
            .call
            .is_some_and(|call| call.method == BulkMethod::Post);
        let without = match node.call {
            Some(call) if is_post => call
                .references()
                .into_iter()
                .filter(|bulk_id| {
                    let creator = self.creators.get(bulk_id);
                    creator.is_some_and(|creator| missing.contains(creator))
                })
                .map(ToOwned::to_owned)
                .collect(),
            _ => Vec::new(),
        };
        for later in std::mem::take(&mut node.before) {
            let Some(node) = self.nodes.get_mut(later) else {
                continue;
            };
            node.strictly_after.remove(&index);
            if node.after.remove(&index) && node.after.is_empty() && self.waiting.contains(&later) {
                self.ready.push(Reverse(later));
            }
        }
        Some((index, without))
    }

    /// Everything that is left waits for something. What creates can be done without the references in its data.
    fn break_circle(&self) -> Option<usize> {
        let creates = |index: &&usize| {
            self.nodes.get(**index).is_some_and(|node| {
                node.strictly_after.is_empty()
                    && node
                        .call
                        .is_some_and(|call| call.method == BulkMethod::Post)
            })
        };
        let first = self.waiting.iter().find(creates);
        first.or_else(|| self.waiting.first()).copied()
    }
}
