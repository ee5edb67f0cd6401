// Ory's npm client, unmodified, drives every operation on identities, sessions and schemas that it has.
//
// Started by `tests/src/ory_sdk/npm.rs` with the running program's address and the ids of two people in the
// environment; ends with 0 and the names of the operations called, or with the first thing that was not as it should be.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import axios from 'axios';
import { Configuration, FrontendApi, IdentityApi, MetadataApi } from '@ory/kratos-client';

const { PALISADE_URL: basePath, PALISADE_KEY: key, PALISADE_TENANT: tenant, ADA: ada, BOB: bob } = process.env;
for (const [name, value] of Object.entries({ basePath, key, tenant, ada, bob })) {
  assert.ok(value, `${name} is missing from the environment`);
}

// What the client knows and Palisade does not serve: recovery codes and links, and self-service flows.
const NOT_SERVED = new Set([
  'createRecoveryCodeForIdentity', 'createRecoveryLinkForIdentity',
  'createBrowserLoginFlow', 'createBrowserLogoutFlow', 'createBrowserRecoveryFlow', 'createBrowserRegistrationFlow',
  'createBrowserSettingsFlow', 'createBrowserVerificationFlow', 'createFedcmFlow', 'createNativeLoginFlow',
  'createNativeRecoveryFlow', 'createNativeRegistrationFlow', 'createNativeSettingsFlow', 'createNativeVerificationFlow',
  'exchangeSessionToken', 'getFlowError', 'getLoginFlow', 'getRecoveryFlow', 'getRegistrationFlow', 'getSettingsFlow',
  'getVerificationFlow', 'getWebAuthnJavaScript', 'performNativeLogout', 'updateFedcmFlow', 'updateLoginFlow',
  'updateLogoutFlow', 'updateRecoveryFlow', 'updateRegistrationFlow', 'updateSettingsFlow', 'updateVerificationFlow',
]);

const known = new Set();
const called = new Set();

// The client, noting which of its operations are called.
function noting(api) {
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(api))) {
    if (name !== 'constructor') known.add(name);
  }
  return new Proxy(api, {
    get(target, name) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return (...args) => {
        called.add(name);
        return member.apply(target, args);
      };
    },
  });
}

// As `accessToken` of a hosted Ory: the SDK sends it as `Authorization`.
const configuration = new Configuration({ basePath, apiKey: `Bearer ${key}` });
const identities = noting(new IdentityApi(configuration));
// The SDK sends no credential where Ory asks for none: there the HTTP client has the key as a default header.
const withKey = axios.create({ headers: { 'X-API-Key': key } });
const schemas = noting(new IdentityApi(new Configuration({ basePath }), undefined, withKey));
// As an app of somebody who has signed in: without a key.
const frontend = noting(new FrontendApi(new Configuration({ basePath })));
const metadata = noting(new MetadataApi(new Configuration({ basePath })));

// The refusal, in the form of Ory's `ErrorGeneric`.
async function refused(promise, status) {
  const error = await promise.then(
    (reply) => assert.fail(`answered ${reply.status} instead of ${status}`),
    (error) => error,
  );
  assert.ok(error.response, `no answer: ${error}`);
  assert.equal(error.response.status, status, JSON.stringify(error.response.data));
  const generic = error.response.data.error;
  assert.equal(generic.code, status);
  assert.ok(generic.message);
  return generic;
}

const ids = (reply) => reply.data.map((item) => item.id);
const traits = (email) => ({ email, name: { first: 'Eve', last: 'Example' } });

async function oneIdentity() {
  const made = await identities.createIdentity({
    createIdentityBody: {
      schema_id: 'default', traits: traits('Eve@Example.test'), external_id: 'eve/1', state: 'active',
      metadata_public: { plan: 'gold' }, metadata_admin: { note: 'x' },
      verifiable_addresses: [{ value: 'eve@example.test', verified: true, via: 'email', status: 'completed' }],
      recovery_addresses: [{ value: 'eve@example.test', via: 'email' }],
      credentials: {
        password: { config: { password: 'correct horse battery' } },
        oidc: { config: { providers: [{ provider: 'corp', subject: 'sub-eve' }] } },
        saml: { config: { providers: [{ provider: 'adfs', subject: 'sub-eve' }] } },
      },
    },
  });
  assert.equal(made.status, 201);
  const id = made.data.id;
  assert.equal(made.headers.location, `${basePath}/admin/identities/${id}`);
  assert.equal(made.data.verifiable_addresses[0].verified, true);
  assert.deepEqual(Object.keys(made.data.credentials).sort(), ['code', 'oidc', 'password', 'saml']);

  const read = await identities.getIdentity({ id, includeCredential: ['password', 'oidc'] });
  assert.match(read.data.credentials.password.config.hashed_password, /^\$argon2id\$/);
  assert.equal(read.data.credentials.oidc.config.providers[0].subject, 'sub-eve');
  const byExternalId = await identities.getIdentityByExternalID({ externalID: 'eve/1', includeCredential: ['saml'] });
  assert.equal(byExternalId.data.id, id);
  assert.equal(byExternalId.data.credentials.saml.config.providers[0].provider, 'adfs');

  const updated = await identities.updateIdentity({
    id, updateIdentityBody: { schema_id: 'default', state: 'inactive', traits: traits('eve2@example.test') },
  });
  assert.equal(updated.data.state, 'inactive');
  assert.equal(updated.data.metadata_public, null);
  const patched = await identities.patchIdentity({
    id, jsonPatch: [
      { op: 'replace', path: '/state', value: 'active' },
      { op: 'add', path: '/metadata_public', value: { plan: 'silver' } },
      { op: 'move', from: '/traits/name/last', path: '/traits/name/first' },
    ],
  });
  assert.deepEqual(patched.data.traits, { email: 'eve2@example.test', name: { first: 'Example' } });

  const credential = (type, identifier) => identities.deleteIdentityCredentials({ id, type, identifier });
  const missing = await refused(credential('totp'), 404);
  assert.equal(missing.reason, 'You tried to remove a totp but this user have no totp set up.');
  assert.equal((await credential('saml', 'adfs:sub-eve')).status, 204);
  assert.equal((await credential('oidc', 'corp:sub-eve')).status, 204);
  const last = await refused(credential('password'), 400);
  assert.equal(last.reason, 'You cannot remove the last first factor credential.');

  await refused(identities.createIdentity({ createIdentityBody: { schema_id: 'default', traits: traits('ada@example.test') } }), 409);
  await refused(identities.createIdentity({ createIdentityBody: { schema_id: 'nowhere', traits: {} } }), 400);
  assert.equal((await identities.deleteIdentity({ id })).status, 204);
  await refused(identities.getIdentity({ id }), 404);
}

async function lists() {
  const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];
  const item = (email, patch_id) => ({ create: { schema_id: 'default', traits: traits(email) }, patch_id });
  const batch = await identities.batchPatchIdentities({
    patchIdentitiesBody: { identities: [item('one@example.test', one), item('ada@example.test', two), item('three@example.test', three)] },
  });
  assert.deepEqual(batch.data.identities.map((answer) => answer.action), ['create', 'error', 'create']);
  assert.deepEqual(batch.data.identities.map((answer) => answer.patch_id), [one, two, three]);
  assert.equal(batch.data.identities[1].error.code, 409);

  const found = [];
  let pageToken;
  do {
    const page = await identities.listIdentities({ pageSize: 2, pageToken });
    found.push(...ids(page));
    pageToken = new URLSearchParams(/page_token=[^&>]*(?=[^,]*rel="next")/.exec(page.headers.link)?.[0]).get('page_token');
  } while (pageToken);
  assert.equal(found.length, 4);
  assert.deepEqual(found, [...found].sort());
  const legacy = await identities.listIdentities({ page: 1, perPage: 3 });
  assert.deepEqual([ids(legacy), legacy.headers['x-total-count']], [found.slice(3), '4']);

  const named = await identities.listIdentities({ ids: [ada, bob, randomUUID()] });
  assert.deepEqual(ids(named), [ada, bob].sort());
  const exact = await identities.listIdentities({ credentialsIdentifier: 'ADA@example.test', includeCredential: ['password'], consistency: 'eventual' });
  assert.deepEqual(ids(exact), [ada]);
  assert.ok(exact.data[0].credentials.password.config);
  const similar = await identities.listIdentities({ previewCredentialsIdentifierSimilar: 'ad' });
  assert.deepEqual(ids(similar), [ada]);
  assert.deepEqual((await identities.listIdentities({ organizationId: randomUUID() })).data, []);
  await refused(identities.listIdentities({ pageToken: 'x' }), 400);
}

async function sessions() {
  const issue = async (id, body = {}) => {
    const headers = { 'X-Tenant-ID': tenant };
    return (await withKey.post(`${basePath}/v1/users/${id}/sessions`, body, { headers })).data;
  };
  const first = await issue(bob, { device: { ip_address: '198.51.100.7', user_agent: 'App' } });
  const second = await issue(bob);

  const ofBob = await identities.listIdentitySessions({ id: bob, active: true, pageSize: 1 });
  assert.deepEqual([ids(ofBob), ofBob.headers['x-total-count']], [[second.id], '2']);
  const token = new URLSearchParams(/page_token=[^&>]*/.exec(ofBob.headers.link)[0]).get('page_token');
  assert.deepEqual(ids(await identities.listIdentitySessions({ id: bob, active: true, pageSize: 1, pageToken: token })), [first.id]);
  assert.deepEqual(ids(await identities.listIdentitySessions({ id: bob, page: 1, perPage: 1 })), [first.id]);
  await refused(identities.listIdentitySessions({ id: 'x' }), 400);

  const all = await identities.listSessions({ pageSize: 1, active: true, expand: ['Identity', 'Devices'] });
  assert.deepEqual([ids(all), all.data[0].identity.id, all.data[0].devices], [[second.id], bob, []]);
  const next = new URLSearchParams(/page_token=[^&>]*/.exec(all.headers.link)[0]).get('page_token');
  assert.deepEqual(ids(await identities.listSessions({ pageSize: 1, pageToken: next, active: true })), [first.id]);
  const one = await identities.getSession({ id: first.id, expand: ['Devices'] });
  assert.deepEqual([one.data.active, one.data.identity, one.data.devices[0].user_agent], [true, null, 'App']);
  const extended = await identities.extendSession({ id: first.id });
  assert.ok(extended.data.expires_at >= one.data.expires_at);

  const mine = { xSessionToken: first.token };
  const whoami = await frontend.toSession(mine);
  assert.deepEqual([whoami.data.id, whoami.data.identity.id], [first.id, bob]);
  assert.equal((await frontend.toSession({ cookie: `ory_kratos_session=${first.token}` })).data.id, first.id);
  await withKey.put(`${basePath}/v1/session-token-templates/app`, {}, { headers: { 'X-Tenant-ID': tenant } });
  const tokenized = (await frontend.toSession({ ...mine, tokenizeAs: 'app' })).data.tokenized;
  assert.equal(JSON.parse(Buffer.from(tokenized.split('.')[1], 'base64url')).sub, bob);
  await refused(frontend.toSession({ ...mine, tokenizeAs: 'none' }), 400);
  await refused(frontend.toSession(), 401);
  const third = await issue(bob);
  assert.deepEqual(ids(await frontend.listMySessions(mine)), [third.id, second.id]);
  assert.deepEqual(ids(await frontend.listMySessions({ ...mine, perPage: 1, page: 1 })), [second.id]);
  assert.equal((await frontend.disableMySession({ id: third.id, ...mine })).status, 204);
  assert.equal((await frontend.disableMyOtherSessions(mine)).data.count, 1);

  assert.equal((await identities.disableSession({ id: first.id })).status, 204);
  await refused(frontend.toSession(mine), 401);
  assert.equal((await identities.deleteIdentitySessions({ id: bob })).status, 204);
  await refused(identities.deleteIdentitySessions({ id: bob }), 404);
  await refused(identities.getSession({ id: first.id }), 404);

  // Ory's document has this operation, its client of this version not yet.
  const bulk = await withKey.post(`${basePath}/admin/sessions`, { action: 'delete', identities: [ada] });
  assert.equal(bulk.data.more, false);
}

async function readSchemas() {
  const all = await schemas.listIdentitySchemas({ pageSize: 10 });
  assert.deepEqual([ids(all).sort(), all.headers['x-total-count']], [['customer', 'default'], '2']);
  const next = new URLSearchParams(/page_token=[^&>]*/.exec((await schemas.listIdentitySchemas({ perPage: 1 })).headers.link)[0]);
  assert.deepEqual(ids(await schemas.listIdentitySchemas({ pageSize: 1, pageToken: next.get('page_token') })), ['default']);
  assert.deepEqual(ids(await schemas.listIdentitySchemas({ page: 1, perPage: 1 })), ['default']);
  const schema = await schemas.getIdentitySchema({ id: 'default' });
  const person = await identities.getIdentity({ id: ada });
  const byUrl = await schemas.getIdentitySchema({ id: person.data.schema_url.split('/').pop() });
  assert.deepEqual(byUrl.data, schema.data);
  await refused(schemas.getIdentitySchema({ id: 'nothing' }), 404);
}

async function health() {
  assert.deepEqual((await metadata.isAlive()).data, { status: 'ok' });
  assert.deepEqual((await metadata.isReady()).data, { status: 'ok' });
  assert.ok((await metadata.getVersion()).data.version);
}

await oneIdentity();
await lists();
await sessions();
await readSchemas();
await health();

const left = [...known].filter((name) => !called.has(name) && !NOT_SERVED.has(name));
assert.deepEqual(left, [], 'operations of the client that are neither called here nor known not to be served');
const stale = [...NOT_SERVED].filter((name) => !known.has(name) || called.has(name));
assert.deepEqual(stale, [], 'operations that the list of those not served names for no reason');
console.log([...called].sort().join('\n'));
