//! When policies are asked for again.

use std::{sync::Arc, time::Duration};

use palisade_envelope::{Code, Error, Result};
use palisade_tenancy::{Invalidation, Role, TenantId};
use tokio::sync::{Mutex, Notify};

use super::{Memory, caller, elsewhere, home, stored};
use crate::{Gate, Own, PolicySource, Refusal, RequestContext, StoredPolicies, action};

const CLOSED: &[(&str, &str)] = &[("closed", "forbid (principal, action, resource);")];

async fn allowed<P: PolicySource>(gate: &Gate<P>, tenant: TenantId) -> bool {
    let owner = caller(tenant, &[Role::Owner]).await;
    gate.decide::<action::ListIdentities>(&owner, Own, RequestContext::default())
        .await
        .is_ok()
}

#[tokio::test]
async fn a_heard_change_counts_at_once_and_only_for_its_tenant() {
    let memory = Memory::default();
    let gate = Gate::new(memory.clone()).expect("the platform is valid");
    gate.set_live(true);
    assert!(allowed(&gate, home()).await && allowed(&gate, elsewhere()).await);
    memory.put(home(), stored(1, CLOSED));
    assert!(allowed(&gate, home()).await, "not heard of yet");
    gate.invalidate(Invalidation::Tenant(home()));
    let loads = memory.loads();
    assert!(!allowed(&gate, home()).await);
    assert!(allowed(&gate, elsewhere()).await);
    assert_eq!(
        memory.loads(),
        loads + 1,
        "the other tenant's policies stay"
    );
    memory.put(elsewhere(), stored(1, CLOSED));
    gate.invalidate(Invalidation::Everything);
    assert!(!allowed(&gate, elsewhere()).await);
}

#[tokio::test]
async fn without_hearing_of_changes_policies_count_for_half_a_second() {
    let memory = Memory::default();
    let gate = Gate::new(memory.clone()).expect("the platform is valid");
    assert!(allowed(&gate, home()).await);
    memory.put(home(), stored(1, CLOSED));
    tokio::time::sleep(Duration::from_millis(550)).await;
    assert!(!allowed(&gate, home()).await);
}

#[tokio::test]
async fn a_restored_text_under_the_same_version_is_noticed() {
    let memory = Memory::default();
    let gate = Gate::new(memory.clone()).expect("the platform is valid");
    gate.set_live(true);
    memory.put(
        home(),
        stored(1, &[("open", "permit (principal, action, resource);")]),
    );
    assert!(allowed(&gate, home()).await);
    memory.put(home(), stored(1, CLOSED));
    gate.invalidate(Invalidation::Everything);
    assert!(!allowed(&gate, home()).await);
}

/// Answers with what was there when it was asked, once it is let go.
struct Slow {
    answer: Mutex<StoredPolicies>,
    asked: Notify,
    go: Notify,
}

struct Shared(Arc<Slow>);

impl PolicySource for Shared {
    async fn policies(&self, _: TenantId) -> Result<StoredPolicies> {
        let answer = self.0.answer.lock().await.clone();
        self.0.asked.notify_one();
        self.0.go.notified().await;
        Ok(answer)
    }
}

#[tokio::test]
async fn a_change_during_a_load_is_not_lost() {
    let slow = Arc::new(Slow {
        answer: Mutex::default(),
        asked: Notify::new(),
        go: Notify::new(),
    });
    let gate = Arc::new(Gate::new(Shared(Arc::clone(&slow))).expect("the platform is valid"));
    gate.set_live(true);
    let first = tokio::spawn({
        let gate = Arc::clone(&gate);
        async move { allowed(&gate, home()).await }
    });
    slow.asked.notified().await;
    *slow.answer.lock().await = stored(1, CLOSED);
    gate.invalidate(Invalidation::Tenant(home()));
    slow.go.notify_one();
    assert!(
        first.await.expect("no panic"),
        "was asked before the change"
    );
    slow.go.notify_one();
    assert!(
        !allowed(&gate, home()).await,
        "what was loaded before the change is not kept"
    );
}

struct Down;

impl PolicySource for Down {
    async fn policies(&self, _: TenantId) -> Result<StoredPolicies> {
        Err(Error::new(Code::Unavailable))
    }
}

#[tokio::test]
async fn policies_that_can_not_be_had_are_no_permission() {
    let gate = Gate::new(Down).expect("the platform is valid");
    let owner = caller(home(), &[Role::Owner]).await;
    let answer = gate
        .decide::<action::ReadSelf>(&owner, Own, RequestContext::default())
        .await;
    assert!(matches!(answer, Err(Refusal::Failed(error)) if error.code() == Code::Unavailable));
}
