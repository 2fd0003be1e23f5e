// A FAPI 2.0 Message Signing sign-in on oauth4webapi, step by step.
import * as oauth from 'oauth4webapi';

import { finish, openInBrowser, settings } from './dialogue.mjs';

const { client_id, redirect_uri, scope, private_jwk } = settings;
const issuer = new URL(settings.issuer);
const http = { [oauth.allowInsecureRequests]: true };
const client = { client_id, id_token_signed_response_alg: 'ES256', authorization_signed_response_alg: 'ES256' };

const es256 = { name: 'ECDSA', namedCurve: 'P-256' };
const key = await crypto.subtle.importKey('jwk', private_jwk, es256, false, ['sign']);
const signer = { key, kid: private_jwk.kid };
const authentication = oauth.PrivateKeyJwt(signer, {
  [oauth.modifyAssertion]: (_header, payload) => {
    payload.aud = settings.issuer;
  },
});

const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...http }));
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const request = await oauth.issueRequestObject(
  as,
  client,
  {
    redirect_uri,
    response_type: 'code',
    response_mode: 'jwt',
    scope,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  },
  signer,
);
const pushed = await oauth.processPushedAuthorizationResponse(
  as, client, await oauth.pushedAuthorizationRequest(as, client, authentication, { request }, { DPoP, ...http }),
);
const url = new URL(as.authorization_endpoint);
url.searchParams.set('client_id', client_id);
url.searchParams.set('request_uri', pushed.request_uri);

const callback = await oauth.validateJwtAuthResponse(as, client, await openInBrowser(url), state, http);
const response = await oauth.authorizationCodeGrantRequest(
  as, client, authentication, callback, redirect_uri, verifier, { DPoP, ...http },
);
const options = { expectedNonce: nonce, requireIdToken: true };
const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, options);
await oauth.validateApplicationLevelSignature(as, response, http);
const claims = oauth.getValidatedIdTokenClaims(tokens);
const userinfo = await oauth.processUserInfoResponse(
  as, client, claims.sub, await oauth.userInfoRequest(as, client, tokens.access_token, { DPoP, ...http }),
);

finish({ token_type: tokens.token_type, expires_in: pushed.expires_in, claims, userinfo });
