//! `POST /scim/v2/Bulk`: many operations, each decided on and done by itself.

use actix_web::{HttpRequest, http::Method};
use palisade_authz::{
    ConnectionTarget, ScimGroupTarget,
    action::{
        CreateScimGroup, CreateScimUser, DeleteScimGroup, DeleteScimUser, SendScimBulk,
        UpdateScimGroup, UpdateScimUser,
    },
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{GroupId, IdentityId, ids::Uuid};
use palisade_scim::{
    ResourceType,
    bulk::{
        BulkCall, BulkIds, BulkMethod, BulkOperation, BulkRequest, BulkResponse, BulkResult, Step,
        plan,
    },
    patch::{PasswordChange, PatchRequest, apply},
    resource::Incoming,
    version::{Version, Versions},
};
use palisade_store::{GroupNext, Membership, Refusals};
use palisade_tenancy::Caller;
use serde_json::Value;

use super::{
    ROOT,
    context::{self, GROUP, USER, base},
    doc, groups,
    users::{Change, Next, Rules, pause},
};
use crate::{
    App,
    call::Call,
    guard::{Guarded, decide_among},
    problem::Answer,
    reply::Reply,
    routes::RouteTable,
};

pub(super) fn mount(table: &mut RouteTable) {
    table.guarded::<SendScimBulk, _, _>(
        Method::POST,
        format!("{ROOT}/Bulk"),
        bulk,
        doc("scimBulk", "scim.bulk"),
    );
}

/// What an operation did.
struct Done {
    status: u16,
    id: String,
    version: Option<String>,
}

/// What the data of an operation asks for.
enum Message {
    Put(Value),
    Patch(PatchRequest),
}

/// A bulk request at work.
struct Work<'a> {
    request: &'a HttpRequest,
    app: &'a App,
    caller: &'a Caller,
    connection: ConnectionTarget,
    rules: Rules,
    refusals: Refusals,
    ids: BulkIds,
}

async fn bulk(guarded: Guarded<SendScimBulk>, mut call: Call) -> Answer {
    let Guarded {
        grant, app, caller, ..
    } = guarded;
    let base = base(&call.request, &app)?;
    let _place = app.provisioning.bulk(&caller)?;
    let sent = BulkRequest::parse(&context::body(&mut call).await?, &[&USER, &GROUP])?;
    let connection = *grant.target();
    let mut work = Work {
        request: &call.request,
        app: &app,
        caller: &caller,
        connection,
        rules: Rules::load(&app, grant.scope(), connection).await?,
        refusals: Refusals::default(),
        ids: BulkIds::new(),
    };
    let mut results: Vec<Option<BulkResult>> = sent.operations.iter().map(|_| None).collect();
    let mut errors = 0;
    // The first was counted as the request.
    let mut counted = true;
    for step in plan(&sent.operations) {
        let (Step::Run { operation, .. } | Step::Complete { operation, .. }) = &step;
        let (Some(sent_operation), Some(place)) =
            (sent.operations.get(*operation), results.get_mut(*operation))
        else {
            continue;
        };
        let goes_on = match step {
            Step::Run { .. } => !sent.ends_after(errors),
            // What was created is completed, whatever became of others after it.
            Step::Complete { .. } => work.has_created(sent_operation),
        };
        if !goes_on {
            continue;
        }
        if !std::mem::take(&mut counted) {
            app.provisioning.wait(&caller).await;
        }
        let done = work.step(&step, sent_operation).await;
        if done.is_err() {
            errors += 1;
        }
        // What could not be completed is told in the place of what was done, with where it is.
        *place = Some(work.result(sent_operation, &base, done));
    }
    work.refusals.record(&app.store);
    let results = results.into_iter().flatten().collect();
    Reply::ok(&call.request).json(&BulkResponse::new(results))
}

impl Work<'_> {
    fn has_created(&self, operation: &BulkOperation) -> bool {
        self.created(operation).is_some()
    }

    /// The id of what a POST has created.
    fn created(&self, operation: &BulkOperation) -> Option<&str> {
        let id = self.ids.get(operation.bulk_id.as_ref()?)?;
        let is_post = |call: &BulkCall| call.method == BulkMethod::Post;
        operation
            .call
            .as_ref()
            .is_ok_and(is_post)
            .then_some(id.as_str())
    }

    fn result(&self, operation: &BulkOperation, base: &str, done: Result<Done>) -> BulkResult {
        let call = operation.call.as_ref().ok();
        let endpoint = call.map_or("", |call| of(call).endpoint());
        match done {
            Ok(done) => {
                let place = format!("{base}{endpoint}/{}", done.id);
                BulkResult::done(operation, done.status, place, done.version)
            }
            Err(error) => {
                let id = call.and_then(|call| call.id(&self.ids).ok().flatten());
                let id = id.or_else(|| self.created(operation));
                let place = id.map(|id| format!("{base}{endpoint}/{id}"));
                BulkResult::refused(operation, place, &error)
            }
        }
    }

    async fn step(&mut self, step: &Step, operation: &BulkOperation) -> Result<Done> {
        let call = operation.call.as_ref().map_err(again)?;
        match step {
            Step::Run { without, .. } => {
                let data = call.data(&self.ids, without)?;
                let done = self.run(call, data).await?;
                if let (BulkMethod::Post, Some(bulk_id)) = (call.method, &operation.bulk_id) {
                    self.ids.insert(bulk_id.clone(), done.id.clone());
                }
                Ok(done)
            }
            Step::Complete { without, .. } => {
                let created = operation
                    .bulk_id
                    .as_ref()
                    .and_then(|bulk_id| self.ids.get(bulk_id))
                    .cloned()
                    .ok_or_else(|| Error::new(Code::NotFound))?;
                let patch = call.completion(&self.ids, without)?;
                let done = self
                    .change(call, &created, None, Message::Patch(patch))
                    .await?;
                Ok(Done {
                    status: 201,
                    ..done
                })
            }
        }
    }

    async fn run(&mut self, call: &BulkCall, data: Value) -> Result<Done> {
        let version = call.version.as_deref().map(Versions::parse).transpose()?;
        let id = call.id(&self.ids)?.map(ToOwned::to_owned);
        match (call.method, id) {
            (BulkMethod::Post, _) if is_user(call) => self.create_user(&data).await,
            (BulkMethod::Post, _) => self.create_group(&data).await,
            (_, None) => Err(Error::new(Code::NotFound)),
            (BulkMethod::Put, Some(id)) => {
                self.change(call, &id, version, Message::Put(data)).await
            }
            (BulkMethod::Patch, Some(id)) => {
                let patch = PatchRequest::parse(&data)?;
                self.change(call, &id, version, Message::Patch(patch)).await
            }
            (BulkMethod::Delete, Some(id)) => self.delete(call, id, version).await,
        }
    }

    async fn create_user(&mut self, data: &Value) -> Result<Done> {
        let grant =
            decide_among::<CreateScimUser>(self.request, self.connection, &self.refusals).await?;
        let Incoming {
            resource, password, ..
        } = Incoming::create(data, &USER)?;
        let scope = self.caller.scope();
        let write = self
            .rules
            .create(self.app, scope, resource, password)
            .await?;
        let user = self.app.store.create_scim_user(grant, write).await?;
        Ok(done(201, user.id, user.revision))
    }

    async fn create_group(&mut self, data: &Value) -> Result<Done> {
        let grant =
            decide_among::<CreateScimGroup>(self.request, self.connection, &self.refusals).await?;
        let Incoming {
            resource, members, ..
        } = Incoming::create(data, &GROUP)?;
        groups::check(&resource)?;
        let next = GroupNext {
            resource,
            membership: Membership::only(&members),
        };
        let unique = self.rules.settings().unique_group_names;
        let group = self
            .app
            .store
            .create_scim_group(grant, next, unique)
            .await?;
        Ok(done(201, group.id, group.revision))
    }

    async fn change(
        &mut self,
        call: &BulkCall,
        id: &str,
        expected: Option<Versions>,
        message: Message,
    ) -> Result<Done> {
        if !is_user(call) {
            return self.change_group(id, expected, message).await;
        }
        let apply = |current: &palisade_scim::Resource| match &message {
            Message::Put(data) => {
                let Incoming {
                    resource, password, ..
                } = Incoming::replace(data, &USER, current)?;
                Ok(Next {
                    resource,
                    password: password.map_or(PasswordChange::Kept, PasswordChange::Set),
                })
            }
            Message::Patch(patch) => {
                let patched = apply(patch, &USER, current)?;
                Ok(Next {
                    resource: patched.resource,
                    password: patched.password,
                })
            }
        };
        let change = Change {
            expected: expected.as_ref(),
            groups: false,
            apply: &apply,
        };
        let id = IdentityId::from_uuid(uuid(id));
        let turns = &self.app.turns;
        let _turn = turns.at(self.connection.id(), id.as_uuid()).await;
        for attempt in 1.. {
            let sealed = self
                .app
                .store
                .load_scim_user_state(self.caller.scope(), self.connection, id)
                .await?;
            let target = sealed.target();
            let grant =
                decide_among::<UpdateScimUser>(self.request, target, &self.refusals).await?;
            match change.once(self.app, &self.rules, grant, sealed).await {
                Err(error) if change.may_try_again(&error, attempt)? => pause(attempt).await,
                Err(error) => return Err(error),
                Ok(user) => return Ok(done(200, user.id, user.revision)),
            }
        }
        Err(Error::new(Code::Unavailable))
    }

    async fn change_group(
        &mut self,
        id: &str,
        expected: Option<Versions>,
        message: Message,
    ) -> Result<Done> {
        let target = self.group(id);
        let grant = decide_among::<UpdateScimGroup>(self.request, target, &self.refusals).await?;
        let unique = self.rules.settings().unique_group_names;
        let group = self
            .app
            .store
            .update_scim_group(grant, expected, unique, move |current| {
                let next = match &message {
                    Message::Put(data) => {
                        let Incoming {
                            resource, members, ..
                        } = Incoming::replace(data, &GROUP, current)?;
                        GroupNext {
                            resource,
                            membership: Membership::only(&members),
                        }
                    }
                    Message::Patch(patch) => {
                        let patched = apply(patch, &GROUP, current)?;
                        GroupNext {
                            membership: Membership::from(&patched.membership),
                            resource: patched.resource,
                        }
                    }
                };
                groups::check(&next.resource)?;
                Ok(next)
            })
            .await?;
        Ok(done(200, group.id, group.revision))
    }

    async fn delete(
        &mut self,
        call: &BulkCall,
        id: String,
        expected: Option<Versions>,
    ) -> Result<Done> {
        let store = &self.app.store;
        let deleted = if is_user(call) {
            let user = IdentityId::from_uuid(uuid(&id));
            let scope = self.caller.scope();
            let sealed = store
                .load_scim_user(scope, self.connection, user, false)
                .await?;
            let target = sealed.target();
            let grant =
                decide_among::<DeleteScimUser>(self.request, target, &self.refusals).await?;
            store.delete_scim_user(grant, expected).await?
        } else {
            let target = self.group(&id);
            let grant =
                decide_among::<DeleteScimGroup>(self.request, target, &self.refusals).await?;
            store.delete_scim_group(grant, expected).await?
        };
        if deleted {
            Ok(Done {
                status: 204,
                id,
                version: None,
            })
        } else {
            Err(Error::new(Code::NotFound))
        }
    }

    fn group(&self, id: &str) -> ScimGroupTarget {
        ScimGroupTarget {
            connection: self.connection,
            id: GroupId::from_uuid(uuid(id)),
        }
    }
}

/// The refusal of an operation that could not be read; it is told once more.
fn again(error: &Error) -> Error {
    let envelope = error.envelope();
    let again = Error::with_message(envelope.code, envelope.message.clone());
    envelope.details.iter().fold(again, |again, (name, value)| {
        again.detail(name, value.clone())
    })
}

fn is_user(call: &BulkCall) -> bool {
    call.resource_type == USER.name()
}

fn of(call: &BulkCall) -> &'static ResourceType {
    if is_user(call) { &USER } else { &GROUP }
}

/// The id, or one that nothing has.
fn uuid(id: &str) -> Uuid {
    IdentityId::parse(id)
        .filter(|parsed| parsed.to_string() == id)
        .map_or(Uuid::nil(), IdentityId::as_uuid)
}

fn done(status: u16, id: impl std::fmt::Display, revision: i64) -> Done {
    Done {
        status,
        id: id.to_string(),
        version: Some(Version::new(revision).to_string()),
    }
}
