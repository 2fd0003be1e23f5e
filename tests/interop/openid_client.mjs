// A department system on openid-client, which the OpenID Foundation has certified as a relying party.
import * as client from 'openid-client';

import { finish, openInBrowser, settings } from './dialogue.mjs';

const { issuer, client_id, client_secret, redirect_uri, post_logout_redirect_uri, scope, id_token_alg } = settings;

const config = await client.discovery(
  new URL(issuer),
  client_id,
  { client_secret, id_token_signed_response_alg: id_token_alg },
  client.ClientSecretBasic(client_secret),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
);

async function signIn(extra = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const landed = await openInBrowser(
    client.buildAuthorizationUrl(config, {
      redirect_uri,
      scope,
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...extra,
    }),
  );
  return client.authorizationCodeGrant(config, landed, {
    pkceCodeVerifier,
    expectedState,
    expectedNonce,
    idTokenExpected: true,
    ...(extra.max_age ? { maxAge: Number(extra.max_age) } : {}),
  });
}

const first = await signIn({ prompt: 'consent', max_age: '600' });
const { sub } = first.claims();
const userinfo = await client.fetchUserInfo(config, first.access_token, sub);
const refreshed = await client.refreshTokenGrant(config, first.refresh_token);
const introspected = await client.tokenIntrospection(config, refreshed.access_token);
const machine = await client.clientCredentialsGrant(config);
const second = await signIn();

await client.tokenRevocation(config, refreshed.refresh_token);
const dead = await client.tokenIntrospection(config, refreshed.access_token);
const refusal = await client.refreshTokenGrant(config, refreshed.refresh_token).then(
  () => 'accepted',
  (error) => error.error,
);

const goodbye = await openInBrowser(
  client.buildEndSessionUrl(config, { post_logout_redirect_uri, id_token_hint: second.id_token, state: 'bye' }),
);

finish({
  claims: first.claims(),
  userinfo,
  rotated: refreshed.refresh_token !== first.refresh_token,
  introspected,
  machine_token_type: machine.token_type,
  second_sub: second.claims().sub,
  dead,
  refusal,
  goodbye: String(goodbye),
});
