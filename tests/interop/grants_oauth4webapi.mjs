// Grants beside the code flow on oauth4webapi, step by step.
import * as oauth from 'oauth4webapi';

import { finish, openInBrowser, settings } from './dialogue.mjs';

const { device, counter, portal, desk, land, code, scope } = settings;
const issuer = new URL(settings.issuer);
const http = { [oauth.allowInsecureRequests]: true };
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http));

function party({ client_id, client_secret }) {
  const authentication = client_secret ? oauth.ClientSecretBasic(client_secret) : oauth.None();
  return [as, { client_id, id_token_signed_response_alg: 'ES256' }, authentication];
}

const wait = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

async function deviceTokens(who, parameters) {
  const [server, client, authentication] = party(who);
  const shown = await oauth.processDeviceAuthorizationResponse(
    server, client, await oauth.deviceAuthorizationRequest(server, client, authentication, parameters, http),
  );
  const poll = async () => oauth.processDeviceCodeResponse(
    server, client, await oauth.deviceCodeGrantRequest(server, client, authentication, shown.device_code, http),
  );
  const early = await poll().then(() => 'tokens', (error) => error.error);
  await openInBrowser(shown.verification_uri_complete, `${settings.issuer}/device/done`);
  await wait(shown.interval);
  return [early, await poll()];
}

const [early, watched] = await deviceTokens(device, { scope });

const [, office, officeProof] = party(counter);
const asked = await oauth.processBackchannelAuthenticationResponse(
  as, office,
  await oauth.backchannelAuthenticationRequest(
    as, office, officeProof, { scope, login_hint: code, binding_message: 'A71' }, http,
  ),
);
await openInBrowser(`${settings.issuer}/account`, `${settings.issuer}/account?notice=request_approved`);
const answered = await oauth.processBackchannelAuthenticationGrantResponse(
  as, office, await oauth.backchannelAuthenticationGrantRequest(as, office, officeProof, asked.auth_req_id, http),
);

const [, held] = await deviceTokens(portal, { scope, resource: desk.resource });
const [, middle, middleProof] = party(desk);
const exchanged = await oauth.processGenericTokenEndpointResponse(
  as, middle,
  await oauth.genericTokenEndpointRequest(
    as, middle, middleProof, 'urn:ietf:params:oauth:grant-type:token-exchange',
    {
      subject_token: held.access_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: land.resource,
    },
    http,
  ),
);
const [, last, lastProof] = party(land);
const seen = await oauth.processIntrospectionResponse(
  as, last, await oauth.introspectionRequest(as, last, lastProof, exchanged.access_token, http),
);

finish({
  early,
  device: oauth.getValidatedIdTokenClaims(watched),
  counter: oauth.getValidatedIdTokenClaims(answered),
  exchanged,
  seen,
});
