use clap::Subcommand;
use palisade_authz::{
    Own,
    action::{CreateTenant, ListTenants, ResumeTenant, SuspendTenant},
};
use palisade_identity::page::PageSize;
use palisade_store::{PageRequest, Tenant};
use serde_json::json;

use super::operator::{Operator, no_tenant};
use crate::{Failure, config::Database, output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a tenant; its id is printed
    Create {
        /// Its name: 2 to 63 lower-case letters, digits and hyphens
        #[arg(long)]
        name: String,
        /// Its name for people
        #[arg(long)]
        display_name: Option<String>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// List the tenants: id, name, state, display name
    List {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Refuse every caller of a tenant, until it is resumed
    Suspend {
        /// Its id or name
        tenant: String,
    },
    /// Serve the callers of a suspended tenant again
    Resume {
        /// Its id or name
        tenant: String,
    },
}

/// `palisade tenant ...`
pub(super) async fn run(command: Command, database: &Database) -> Result<(), Failure> {
    let operator = Operator::open(database).await?;
    let done = act(command, &operator).await;
    operator.store.close().await;
    done
}

async fn act(command: Command, operator: &Operator) -> Result<(), Failure> {
    match command {
        Command::Create {
            name,
            display_name,
            json,
        } => {
            let grant = operator.may::<CreateTenant>(Own).await?;
            let tenant = operator
                .store
                .create_tenant(grant, &name, display_name.as_deref())
                .await?;
            if json {
                output::answer_json(&json!(tenant))
            } else {
                output::answer(tenant.id)
            }
        }
        Command::List { json } => {
            let tenants = all(operator).await?;
            if json {
                return output::answer_json(&json!({ "data": tenants }));
            }
            tenants.iter().try_for_each(|tenant| {
                let state = tenant.state.as_str();
                let display_name = tenant.display_name.as_deref().unwrap_or_default();
                output::answer(format_args!(
                    "{}\t{}\t{state}\t{display_name}",
                    tenant.id, tenant.name
                ))
            })
        }
        Command::Suspend { tenant: reference } => {
            let grant = operator
                .may_with::<SuspendTenant>(operator.tenant(&reference).await?)
                .await?;
            let tenant = operator
                .store
                .suspend_tenant(grant, None)
                .await?
                .ok_or_else(|| no_tenant(&reference))?;
            output::remark(format_args!(
                "the callers of tenant `{}` are refused from now on",
                tenant.name
            ));
            Ok(())
        }
        Command::Resume { tenant: reference } => {
            let grant = operator
                .may_with::<ResumeTenant>(operator.tenant(&reference).await?)
                .await?;
            let tenant = operator
                .store
                .resume_tenant(grant, None)
                .await?
                .ok_or_else(|| no_tenant(&reference))?;
            output::remark(format_args!(
                "the callers of tenant `{}` are served again",
                tenant.name
            ));
            Ok(())
        }
    }
}

async fn all(operator: &Operator) -> Result<Vec<Tenant>, Failure> {
    let grant = operator.may::<ListTenants>(Own).await?;
    let mut tenants = Vec::new();
    let mut request = PageRequest {
        size: PageSize::ORY_DEFAULT,
        token: None,
    };
    loop {
        let page = operator.store.list_tenants(&grant, &request).await?;
        tenants.extend(page.items);
        request.token = page.next;
        if request.token.is_none() {
            return Ok(tenants);
        }
    }
}
