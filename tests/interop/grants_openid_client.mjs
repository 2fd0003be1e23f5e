// Grants beside the code flow on openid-client: a device, a counter that asks by the backchannel, a system that goes on to the next one.
import * as client from 'openid-client';

import { finish, openInBrowser, settings } from './dialogue.mjs';

const { issuer, device, counter, portal, desk, land, code, scope } = settings;

async function configured({ client_id, client_secret }) {
  const metadata = { client_id, client_secret, id_token_signed_response_alg: 'ES256' };
  const authentication = client_secret ? client.ClientSecretBasic(client_secret) : client.None();
  const options = { execute: [client.allowInsecureRequests] };
  return client.discovery(new URL(issuer), client_id, metadata, authentication, options);
}

const tv = await configured(device);
const shown = await client.initiateDeviceAuthorization(tv, { scope });
await openInBrowser(shown.verification_uri_complete, `${issuer}/device/done`);
const watched = await client.pollDeviceAuthorizationGrant(tv, shown);

const office = await configured(counter);
const asked = await client.initiateBackchannelAuthentication(office, { scope, login_hint: code, binding_message: 'A71' });
await openInBrowser(`${issuer}/account`, `${issuer}/account?notice=request_approved`);
const answered = await client.pollBackchannelAuthenticationGrant(office, asked);

const front = await configured(portal);
const handed = await client.initiateDeviceAuthorization(front, { scope, resource: desk.resource });
await openInBrowser(handed.verification_uri_complete, `${issuer}/device/done`);
const held = await client.pollDeviceAuthorizationGrant(front, handed);
const exchanged = await client.genericGrantRequest(
  await configured(desk), 'urn:ietf:params:oauth:grant-type:token-exchange',
  {
    subject_token: held.access_token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: land.resource,
  },
);
const seen = await client.tokenIntrospection(await configured(land), exchanged.access_token);

finish({ device: watched.claims(), counter: answered.claims(), exchanged, seen });
