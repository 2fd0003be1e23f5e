// A FAPI 2.0 Message Signing sign-in on openid-client: private_key_jwt, a signed request pushed, JARM, DPoP.
import * as client from 'openid-client';

import { finish, openInBrowser, settings } from './dialogue.mjs';

const { issuer, client_id, redirect_uri, scope, private_jwk } = settings;

const es256 = { name: 'ECDSA', namedCurve: 'P-256' };
const key = await crypto.subtle.importKey('jwk', private_jwk, es256, false, ['sign']);
const signer = { key, kid: private_jwk.kid };

const config = await client.discovery(
  new URL(issuer),
  client_id,
  { id_token_signed_response_alg: 'ES256', authorization_signed_response_alg: 'ES256' },
  client.PrivateKeyJwt(signer, {
    [client.modifyAssertion]: (_header, payload) => {
      payload.aud = issuer;
    },
  }),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
);
client.useJwtResponseMode(config);

const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const expectedNonce = client.randomNonce();

const signed = await client.buildAuthorizationUrlWithJAR(
  config,
  {
    redirect_uri,
    scope,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  },
  signer,
);
const pushed = await client.buildAuthorizationUrlWithPAR(
  config,
  { request: signed.searchParams.get('request') },
  { DPoP },
);
const landed = await openInBrowser(pushed);
const tokens = await client.authorizationCodeGrant(
  config,
  landed,
  { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true },
  {},
  { DPoP },
);
const { sub } = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP });
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, {}, { DPoP });
const introspected = await client.tokenIntrospection(config, refreshed.access_token);

finish({
  parameters: [...pushed.searchParams.keys()].sort(),
  arrived: [...landed.searchParams.keys()],
  token_type: tokens.token_type,
  claims: tokens.claims(),
  userinfo,
  rotated: refreshed.refresh_token !== undefined,
  introspected,
});
