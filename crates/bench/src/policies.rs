//! A decision with 1,000 policies of the tenant beside one with 10, of which few apply.

use std::{sync::Arc, time::Instant};

use palisade_authz::{
    Gate, IdentityTarget, PolicySource, RequestContext, StoredPolicies, StoredPolicy,
    action::ReadIdentity,
};
use palisade_envelope::Result;
use palisade_identity::{IdentityId, State};
use palisade_tenancy::{
    Admission, ApiKey, CachedDirectory, Clock as _, Directory, KeyId, KeyRecord, Role, SystemClock,
    TenantId, TenantState,
    admit::{Claims, TenantHeader},
};

use crate::report;

struct Policies(usize);

impl PolicySource for Policies {
    async fn policies(&self, _: TenantId) -> Result<StoredPolicies> {
        let policies = (0..self.0)
            .map(|number| StoredPolicy {
                name: format!("p{number}"),
                text: format!(
                    "permit (principal in Palisade::Group::\"group-{number}\", action == Palisade::Action::\"identity:read\", resource) \
                     when {{ resource.state == \"active\" && resource.schema_id == \"default\" }};"
                )
                .into(),
            })
            .collect();
        Ok(StoredPolicies {
            version: 1,
            policies,
        })
    }
}

struct Keys(KeyRecord);

impl Directory for Keys {
    type Presented = ();

    async fn session(
        &self,
        _: TenantId,
        _: palisade_identity::SessionId,
    ) -> Result<Option<palisade_tenancy::SessionRecord<()>>> {
        Ok(None)
    }

    async fn key(&self, _: TenantId, _: KeyId) -> Result<Option<KeyRecord>> {
        Ok(Some(self.0.clone()))
    }

    async fn connection_key(
        &self,
        _: TenantId,
        _: KeyId,
    ) -> Result<Option<palisade_tenancy::ConnectionKeyRecord>> {
        Ok(None)
    }

    fn used(&self, _: TenantId, _: KeyId) {}

    fn connection_key_used(&self, _: TenantId, _: KeyId) {}
}

/// Runs it; tells whether the bar is met.
///
/// # Errors
/// When a decision can't be had.
pub(crate) async fn run() -> anyhow::Result<bool> {
    let few = median_nanoseconds(10).await?;
    let many = median_nanoseconds(1_000).await?;
    println!("a decision, policies of the tenant loaded");
    println!("  with 10 policies      {:>8.2} us", few / 1_000.0);
    println!("  with 1,000 policies   {:>8.2} us", many / 1_000.0);
    Ok(report::at_most("1,000 / 10", many / few, 2.0))
}

async fn median_nanoseconds(policies: usize) -> anyhow::Result<f64> {
    const BATCH: u32 = 1_000;
    let clock = SystemClock;
    let key = ApiKey::generate(TenantId::generate(clock.now()), clock.now())?;
    let record = KeyRecord {
        tenant: key.tenant(),
        tenant_state: TenantState::Active,
        id: key.id(),
        name: "bench".into(),
        roles: vec![Role::Viewer],
        secret_sha256: key.secret_sha256(),
        expires_at: None,
        revoked_at: None,
        allowed_cidrs: Vec::new(),
    };
    let admission = Admission::new(Arc::new(CachedDirectory::new(Keys(record))), clock);
    let text = key.reveal();
    let claims = Claims {
        api_key: &[text.as_bytes()],
        ..Claims::default()
    };
    let caller = admission.admit(claims, TenantHeader::Optional).await?;
    let gate = Gate::new(Policies(policies))?;
    gate.set_live(true);
    let id = IdentityId::generate(clock.now());
    let mut batches = Vec::new();
    for _ in 0..50 {
        let started = Instant::now();
        for _ in 0..BATCH {
            let target = IdentityTarget {
                id,
                schema_id: "default".into(),
                state: State::Active,
            };
            gate.decide::<ReadIdentity>(&caller, target, RequestContext::default())
                .await
                .map_err(palisade_envelope::Error::from)?;
        }
        batches.push(started.elapsed().as_secs_f64() * 1e9 / f64::from(BATCH));
    }
    batches.sort_by(f64::total_cmp);
    Ok(batches.get(batches.len() / 2).copied().unwrap_or_default())
}
