// A department system on oauth4webapi, which does nothing by itself: each step is a call, each answer is processed strictly.
import * as oauth from 'oauth4webapi';

import { finish, openInBrowser, settings } from './dialogue.mjs';

const { client_id, client_secret, redirect_uri, post_logout_redirect_uri, scope, id_token_alg } = settings;
const issuer = new URL(settings.issuer);
const http = { [oauth.allowInsecureRequests]: true };
const client = { client_id, id_token_signed_response_alg: id_token_alg };
const authentication = oauth.ClientSecretBasic(client_secret);

async function discover(algorithm) {
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...http }));
}

const as = await discover('oidc');
const asOAuth = await discover('oauth2').catch((error) => ({ failed: String(error) }));

async function signIn(extra = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const url = new URL(as.authorization_endpoint);
  const parameters = {
    client_id,
    redirect_uri,
    response_type: 'code',
    scope,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...extra,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const callback = oauth.validateAuthResponse(as, client, await openInBrowser(url), state);
  const response = await oauth.authorizationCodeGrantRequest(
    as, client, authentication, callback, redirect_uri, verifier, http,
  );
  const options = { expectedNonce: nonce, requireIdToken: true };
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, options);
  await oauth.validateApplicationLevelSignature(as, response, http);
  return tokens;
}

const first = await signIn({ prompt: 'consent' });
const claims = oauth.getValidatedIdTokenClaims(first);

const userinfo = await oauth.processUserInfoResponse(
  as, client, claims.sub, await oauth.userInfoRequest(as, client, first.access_token, http),
);

const refreshed = await oauth.processRefreshTokenResponse(
  as, client, await oauth.refreshTokenGrantRequest(as, client, authentication, first.refresh_token, http),
);

async function introspect(token) {
  const response = await oauth.introspectionRequest(as, client, authentication, token, http);
  return oauth.processIntrospectionResponse(as, client, response);
}

const introspected = await introspect(refreshed.access_token);

// The access token as a resource server reads it: a JWT of RFC 9068, verified with the JWKS alone.
const request = new Request('http://localhost/resource', {
  headers: { authorization: `Bearer ${refreshed.access_token}` },
});
const accessTokenClaims = await oauth.validateJwtAccessToken(as, request, settings.audience, http);

const second = await signIn();
await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, authentication, refreshed.refresh_token, http),
);
const dead = await introspect(refreshed.access_token);

const goodbyeUrl = new URL(as.end_session_endpoint);
goodbyeUrl.searchParams.set('id_token_hint', second.id_token);
goodbyeUrl.searchParams.set('client_id', client_id);
goodbyeUrl.searchParams.set('post_logout_redirect_uri', post_logout_redirect_uri);
goodbyeUrl.searchParams.set('state', 'bye');
const goodbye = await openInBrowser(goodbyeUrl);

finish({
  claims,
  userinfo,
  oauth_metadata_issuer: asOAuth.issuer ?? asOAuth.failed,
  rotated: refreshed.refresh_token !== first.refresh_token,
  introspected,
  access_token_claims: accessTokenClaims,
  second_sub: oauth.getValidatedIdTokenClaims(second).sub,
  dead,
  goodbye: String(goodbye),
});
