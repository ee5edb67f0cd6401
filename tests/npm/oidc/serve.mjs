// A real OpenID provider on the loopback, for the issuer tests: `oidc-provider`, which issues access tokens as JWTs by the
// client-credentials grant. Its clients are the people of the tests; what it says of each, the test tells it.
//
// Started by `tests/src/issuers/provider.rs`. The first line on stdout is {"issuer"}. Beside the provider's own paths it takes
// POST /control/{rotate,down,up}, POST /control/say {client, claims} and GET /control/counts.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const AUDIENCE = 'https://palisade.test/api';
const SECRET = 'not-a-secret-'.repeat(4);
const said = new Map();

let keys = [];
function newKey(alg) {
  const { privateKey } = alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg };
}

const counts = { keys: 0, configuration: 0 };
let down = false;
let handle;

function start(issuer) {
  const provider = new Provider(issuer, {
    jwks: { keys },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: 'api', audience: resource, accessTokenTTL: 600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: (ctx, token) => said.get(token.clientId) ?? {},
    findAccount: () => undefined,
  });
  // Every client that is asked for is one.
  const find = provider.Client.find.bind(provider.Client);
  provider.Client.find = async (id) => (await find(id)) ?? new provider.Client({
    client_id: id, client_secret: SECRET, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    token_endpoint_auth_method: 'client_secret_post',
  });
  handle = provider.callback();
}

async function read(request) {
  let text = '';
  for await (const part of request) text += part;
  return JSON.parse(text);
}

const server = createServer(async (request, response) => {
  const path = request.url.split('?')[0];
  if (path.startsWith('/control/')) {
    const verb = path.slice('/control/'.length);
    if (verb === 'rotate') { keys = [newKey('RS256')]; start(issuer); }
    if (verb === 'say') { const { client, claims } = await read(request); said.set(client, claims); }
    if (verb === 'down') down = true;
    if (verb === 'up') down = false;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(counts));
    return;
  }
  if (path === '/jwks') counts.keys += 1;
  if (path === '/.well-known/openid-configuration') counts.configuration += 1;
  if (down && path !== '/token') { request.socket.destroy(); return; }
  handle(request, response);
});

let issuer;
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  keys = [newKey('RS256')];
  start(issuer);
  console.log(JSON.stringify({ issuer, audience: AUDIENCE, secret: SECRET }));
});
// Whoever started it is gone.
process.stdin.on('end', () => process.exit(0)).resume();
