// A department's Node system on openid-client: sign-in, sign-out, back-channel logout. Nothing but node:http around it.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, BASE_URL, PORT = '5000' } = process.env;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const isLoopback = new URL(OIDC_ISSUER).protocol === 'http:';

const config = await oidc.discovery(
  new URL(OIDC_ISSUER),
  OIDC_CLIENT_ID,
  // openid-client accepts one algorithm: the one that is registered.
  { client_secret: OIDC_CLIENT_SECRET, id_token_signed_response_alg: 'ES256' },
  oidc.ClientSecretBasic(OIDC_CLIENT_SECRET),
  { execute: [oidc.enableNonRepudiationChecks, ...(isLoopback ? [oidc.allowInsecureRequests] : [])] },
);
const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));

// On the server, so that they can be ended from outside. With more than one process: a table or Redis in their place.
const sessions = new Map();
const usedLogoutTokens = new Map();

const cookieOf = (request) => /(?:^|; )department=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];

function newSession(response, content) {
  const key = randomBytes(32).toString('base64url');
  sessions.set(key, content);
  const secure = BASE_URL.startsWith('https:') ? '; Secure' : '';
  // Lax: the cookie comes along when the provider sends the person back, and not with another site's POST.
  response.setHeader('Set-Cookie', `department=${key}; Path=/; HttpOnly; SameSite=Lax${secure}`);
}

function redirect(response, location) {
  response.writeHead(303, { Location: String(location), 'Cache-Control': 'no-store' }).end();
}

const escaped = (text) => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);

function home(request, response) {
  const person = sessions.get(cookieOf(request))?.person;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(
    person
      ? `<p id="person">${escaped(person.name ?? person.sub)}</p>
         <form id="logout" method="post" action="/logout"><button>Đăng xuất</button></form>`
      : '<a id="login" href="/login">Đăng nhập</a>',
  );
}

async function login(request, response) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  // Bound to this browser: an answer that somebody else's sign-in produced is refused at the callback.
  newSession(response, { checks });
  const parameters = {
    redirect_uri: `${BASE_URL}/callback`,
    scope: 'openid profile',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
  };
  redirect(response, oidc.buildAuthorizationUrl(config, parameters));
}

async function callback(request, response, url) {
  const key = cookieOf(request);
  const checks = sessions.get(key)?.checks;
  // Taken out before anything else: one sign-in has one answer.
  sessions.delete(key);
  if (!checks) return response.writeHead(400).end('Begin at /login.');
  let tokens;
  try {
    // Checks state and iss, redeems the code, and verifies signature, nonce and times of the ID token.
    tokens = await oidc.authorizationCodeGrant(config, url, { ...checks, idTokenExpected: true });
  } catch (error) {
    console.error('sign-in refused:', error.code ?? error.message, error.error ?? '');
    return response.writeHead(400).end('Not signed in.');
  }
  const claims = tokens.claims();
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  // A new key after the sign-in: one that was known before it opens nothing.
  newSession(response, { person: { ...userinfo, ...claims }, idToken: tokens.id_token });
  return redirect(response, '/');
}

async function logout(request, response) {
  const key = cookieOf(request);
  const session = sessions.get(key);
  sessions.delete(key);
  if (!session?.idToken) return redirect(response, '/');
  const parameters = { id_token_hint: session.idToken, post_logout_redirect_uri: `${BASE_URL}/` };
  return redirect(response, oidc.buildEndSessionUrl(config, parameters));
}

// OpenID Connect Back-Channel Logout section 2.6.
async function backchannelLogout(request, response) {
  response.setHeader('Cache-Control', 'no-store');
  let claims;
  try {
    ({ payload: claims } = await jwtVerify((await form(request)).get('logout_token') ?? '', keys, {
      issuer: OIDC_ISSUER,
      audience: OIDC_CLIENT_ID,
      algorithms: ['ES256'],
      // An ID token has the same signer and audience; it must not pass for a sign-out.
      typ: 'logout+jwt',
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
    }));
  } catch {
    return response.writeHead(400).end();
  }
  const now = Date.now() / 1000;
  for (const [jti, until] of usedLogoutTokens) if (until < now) usedLogoutTokens.delete(jti);
  const isLogout = LOGOUT_EVENT in claims.events && !('nonce' in claims) && (claims.sid || claims.sub);
  if (!isLogout || usedLogoutTokens.has(claims.jti)) return response.writeHead(400).end();
  usedLogoutTokens.set(claims.jti, claims.exp + 60);
  for (const [key, { person }] of sessions) {
    if (person && (claims.sid ? person.sid === claims.sid : person.sub === claims.sub)) sessions.delete(key);
  }
  return response.writeHead(200).end();
}

async function form(request) {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    // A logout token is some hundred bytes long; nobody needs to send us more.
    if (body.length > 16_384) throw new Error('too long');
  }
  return new URLSearchParams(body);
}

const routes = {
  'GET /': home,
  'GET /login': login,
  'GET /callback': callback,
  'POST /logout': logout,
  'POST /backchannel-logout': backchannelLogout,
};

createServer(async (request, response) => {
  // Against BASE_URL, not the Host header, which the caller writes.
  const url = new URL(BASE_URL + request.url);
  const route = routes[`${request.method} ${url.pathname}`];
  try {
    if (route) await route(request, response, url);
    else response.writeHead(404).end();
  } catch (error) {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}).listen(Number(PORT), '127.0.0.1');
