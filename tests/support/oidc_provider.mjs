// An OpenID provider that is not ours (npm: oidc-provider), for tests/remote/test_oidc_provider.py.
//
// node oidc_provider.mjs FOLDER: FOLDER has node_modules/oidc-provider. The first line of output is {"issuer": URL}. Each line
// of input, {"keys": [kid, ...]}, starts the provider anew with these keys, the first of which signs, and is answered {"keys":
// [...]}. Tokens are JWT access tokens (RFC 9068) for the audience "api", by the grant client_credentials.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const main = join(process.argv[2], 'node_modules', 'oidc-provider', 'lib', 'index.js');
const { Provider } = await import(pathToFileURL(main));

const made = new Map();

function key(kid) {
  if (!made.has(kid)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    made.set(kid, { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' });
  }
  return made.get(kid);
}

function provider(issuer, kids) {
  return new Provider(issuer, {
    jwks: { keys: kids.map(key) },
    clients: [{
      client_id: 'service',
      client_secret: 'a secret of this test',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    }],
    scopes: ['read', 'write'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:api',
        getResourceServerInfo: () => ({
          scope: 'read write',
          audience: 'api',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
}

let handle;
const server = createServer((request, response) => handle(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  handle = provider(issuer, ['first']).callback();
  console.log(JSON.stringify({ issuer }));
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { keys } = JSON.parse(line);
    handle = provider(issuer, keys).callback();
    console.log(JSON.stringify({ keys }));
  }).on('close', () => process.exit(0));
});
