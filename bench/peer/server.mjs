// The peer: panva's oidc-provider, a certified OpenID provider, as its manual sets it up for production: its own
// defaults, one Redis adapter, features that the measured requests need, and a sign-in that asks nothing.
//
//   PORT              loopback port to listen on
//   ISSUER            issuer URL (default http://localhost:PORT)
//   REDIS             unix socket path or redis:// address
//   WORKERS           1 = one process; N = a cluster of N
//   ACCESS_TOKEN      opaque (the peer's default) | jwt (RFC 9068, ES256, by resource indicator)
//   ID_TOKEN_ALG      ES256 (as ours) | RS256 (the peer's default)
//   ROTATE            always (as ours) | stock (the peer's default: a confidential client's refresh token is
//                     replaced only in the last 30 % of its life)
//   CLIENTS_FILE      JSON list of client metadata
import cluster from 'node:cluster';
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

import Provider from 'oidc-provider';

import { RedisAdapter, connect } from './redis_adapter.mjs';

const env = process.env;
const port = Number(env.PORT);
const issuer = env.ISSUER ?? `http://localhost:${port}`;
const workers = Number(env.WORKERS ?? 1);
const isJwt = env.ACCESS_TOKEN === 'jwt';
const idTokenAlg = env.ID_TOKEN_ALG ?? 'ES256';
const RESOURCE = `${issuer}/api`;

function newKeys() {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  return JSON.stringify({
    keys: [
      { ...ec, kid: randomUUID(), use: 'sig', alg: 'ES256' },
      { ...rsa, kid: randomUUID(), use: 'sig', alg: 'RS256' },
    ],
  });
}

const resourceIndicators = {
  enabled: isJwt,
  // A JWT for a resource server cannot be used at this peer's userinfo endpoint; so in the jwt variant only
  // requests that name the resource get one, and userinfo is measured with the opaque token.
  getResourceServerInfo: () => ({
    scope: 'openid profile email offline_access api',
    audience: RESOURCE,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  }),
  useGrantedResource: () => true,
};

function configuration() {
  return {
    adapter: RedisAdapter,
    clients: JSON.parse(readFileSync(env.CLIENTS_FILE, 'utf8')).map(
      (client) => ({ ...client, id_token_signed_response_alg: idTokenAlg }),
    ),
    jwks: JSON.parse(env.PEER_JWKS),
    cookies: { keys: [env.PEER_COOKIE_KEY] },
    claims: {
      openid: ['sub'],
      profile: ['name', 'birthdate', 'gender', 'locale', 'updated_at'],
      email: ['email', 'email_verified'],
    },
    scopes: ['openid', 'offline_access', 'api'],
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
      clientCredentials: { enabled: true },
      ...(isJwt ? { resourceIndicators } : { resourceIndicators: { enabled: false } }),
    },
    ...(env.ROTATE === 'stock' ? {} : { rotateRefreshToken: true }),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    // A profile out of memory costs the peer nothing: no database stands behind it.
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({
        sub,
        name: 'Công dân mẫu 01',
        birthdate: '2199-05-01',
        gender: 'female',
        locale: 'vi',
        updated_at: 1764000000,
        email: 'mau01@example.vn',
        email_verified: true,
      }),
    }),
  };
}

async function approve(provider, ctx) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res);
  if (prompt.name === 'login') {
    const login = { login: { accountId: params.login_hint ?? 'citizen-1', remember: true } };
    await provider.interactionFinished(ctx.req, ctx.res, login, { mergeWithLastSubmission: false });
    return;
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  for (const [indicator, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(indicator, scopes.join(' '));
  }
  const consent = { consent: { grantId: await grant.save() } };
  await provider.interactionFinished(ctx.req, ctx.res, consent, { mergeWithLastSubmission: true });
}

async function serve() {
  const redis = connect(env.REDIS);
  await redis.ping();
  const provider = new Provider(issuer, configuration());
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    ctx.respond = false;
    return approve(provider, ctx);
  });
  if (env.DEBUG_ERRORS) {
    provider.on('server_error', (_ctx, error) => console.error(error));
    provider.on('grant.error', (_ctx, error) => console.error(error.error_detail ?? error));
    provider.on('authorization.error', (_ctx, error) => console.error(error.error_detail ?? error));
  }
  const server = provider.listen(port, '127.0.0.1', () => console.log(`listening ${process.pid}`));
  server.keepAliveTimeout = 60_000;
  process.once('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    redis.disconnect();
  });
}

env.PEER_JWKS ??= newKeys();
env.PEER_COOKIE_KEY ??= randomBytes(32).toString('base64url');
if (workers > 1 && cluster.isPrimary) {
  for (let i = 0; i < workers; i += 1) cluster.fork();
  process.once('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill('SIGTERM');
  });
} else {
  await serve();
}
