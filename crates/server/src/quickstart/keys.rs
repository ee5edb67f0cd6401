//! The keys of the quickstart. The database has their hashes only, so a file beside it keeps them for the next
//! start, readable by its owner alone.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use palisade_authz::action::CreateTenantKey;
use palisade_envelope::Code;
use palisade_identity::IdentityId;
use palisade_store::NewApiKey;
use palisade_tenancy::{
    Caller, Role, TenantId,
    admit::{Claims, TenantHeader},
};
use serde::{Deserialize, Serialize};

use crate::{Failure, cli::Operator, node::Node};

/// What the file holds.
#[derive(Deserialize, Serialize)]
pub(super) struct Keys {
    pub(super) tenant_id: TenantId,
    /// An owner's key of the tenant.
    pub(super) api_key: String,
    pub(super) operator_key: String,
    /// Whether the sample identities were made.
    pub(super) seeded: bool,
    /// An identity to show in the calls, if there is any.
    #[serde(skip)]
    pub(super) sample: Option<IdentityId>,
}

impl Keys {
    /// The file in the data folder.
    pub(super) fn path(data: &Path) -> PathBuf {
        data.join("quickstart.json")
    }

    /// The keys of an earlier start; `None` where there is no file, or none that can be understood.
    pub(super) fn read(data: &Path) -> Result<Option<Self>, Failure> {
        let path = Self::path(data);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(serde_json::from_str(&text).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::new(format!(
                "`{}` can't be read: {error}",
                path.display()
            ))),
        }
    }

    /// Writes the file whole or not at all.
    pub(super) fn write(&self, data: &Path) -> Result<(), Failure> {
        let path = Self::path(data);
        let new = path.with_extension("json.new");
        let explain = |error: std::io::Error| {
            Failure::new(format!("`{}` can't be written: {error}", path.display()))
        };
        let mut text = serde_json::to_string_pretty(self).map_err(|error| explain(error.into()))?;
        text.push('\n');
        // One left by a crash would keep its own mode.
        if let Err(error) = fs::remove_file(&new)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(explain(error));
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)
            .map_err(explain)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(explain)?;
        fs::rename(&new, &path).map_err(explain)
    }

    /// New keys of the tenant and of the operator.
    pub(super) async fn create(
        operator: &Operator,
        tenant: TenantId,
        seeded: bool,
    ) -> Result<Self, Failure> {
        let wanted = |roles| NewApiKey {
            name: "quickstart".to_owned(),
            roles,
            expires_at: None,
            allowed_cidrs: Vec::new(),
        };
        let grant = operator.may_with::<CreateTenantKey>(tenant).await?;
        let (_, owner) = operator
            .store
            .create_tenant_key(grant, wanted(vec![Role::Owner]))
            .await?;
        let grant = operator
            .may_with::<CreateTenantKey>(TenantId::PLATFORM)
            .await?;
        let (_, operators) = operator
            .store
            .create_tenant_key(grant, wanted(Vec::new()))
            .await?;
        Ok(Self {
            tenant_id: tenant,
            api_key: owner.reveal(),
            operator_key: operators.reveal(),
            seeded,
            sample: None,
        })
    }

    /// Whether both keys are let in.
    pub(super) async fn work(&self, node: &Node) -> Result<bool, Failure> {
        for key in [&self.api_key, &self.operator_key] {
            match admit(node, key).await {
                Ok(_) => {}
                Err(error) if error.code() == Code::Unauthenticated => return Ok(false),
                // The keys are good; that nobody is let in is for `tenant resume` to change.
                Err(error) if error.code() == Code::TenantSuspended => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// The caller that holds the owner's key.
    pub(super) async fn owner(&self, node: &Node) -> palisade_envelope::Result<Arc<Caller>> {
        admit(node, &self.api_key).await
    }
}

/// As a request with this key would be.
async fn admit(node: &Node, key: &str) -> palisade_envelope::Result<Arc<Caller>> {
    let claims = Claims {
        api_key: &[key.as_bytes()],
        ..Claims::default()
    };
    node.admission.admit(claims, TenantHeader::Optional).await
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_file_is_for_its_owner_only_and_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys {
            tenant_id: TenantId::PLATFORM,
            api_key: "a".into(),
            operator_key: "b".into(),
            seeded: true,
            sample: None,
        };
        // Twice: the second write replaces the first.
        keys.write(folder.path()).expect("written");
        keys.write(folder.path()).expect("written");
        let mode = fs::metadata(Keys::path(folder.path()))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let read = Keys::read(folder.path()).expect("readable").expect("there");
        assert_eq!(
            (
                read.api_key.as_str(),
                read.operator_key.as_str(),
                read.seeded
            ),
            ("a", "b", true)
        );
    }

    #[test]
    fn a_missing_or_broken_file_is_no_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(Keys::read(folder.path()).expect("readable").is_none());
        fs::write(Keys::path(folder.path()), "{").expect("written");
        assert!(Keys::read(folder.path()).expect("readable").is_none());
    }
}
