<?php
// Both ends of the sign-in: without a code it sends the person to the provider, with one it takes the answer.
declare(strict_types=1);

require __DIR__ . '/oidc.php';

open_session();
// RFC 9207: an answer of another provider must not be redeemed at ours.
if (isset($_GET['code']) && ($_GET['iss'] ?? '') !== setting('OIDC_ISSUER')) {
    http_response_code(400);
    exit('The answer comes from somebody else.');
}
$provider = provider();
try {
    // Checks state, redeems the code with the PKCE verifier, and verifies signature, nonce and times of the ID token.
    $provider->authenticate();
    // The ID token says who; name and the like are at userinfo.
    $userinfo = (array) $provider->requestUserInfo();
} catch (Jumbojett\OpenIDConnectClientException $refused) {
    error_log('sign-in refused: ' . $refused->getMessage());
    http_response_code(400);
    exit('Not signed in.');
}
$claims = (array) $provider->getVerifiedClaims();
// OpenID Connect Core section 5.3.2: an answer about somebody else must not be mixed in.
if (($userinfo['sub'] ?? '') !== $claims['sub']) {
    http_response_code(400);
    exit('Not signed in.');
}
// A new session id: one that somebody planted before the sign-in opens nothing.
session_regenerate_id(true);
$_SESSION = ['person' => $claims + $userinfo, 'id_token' => $provider->getIdToken()];
register()->prepare('INSERT OR REPLACE INTO sign_ins VALUES (?, ?)')->execute([session_id(), $claims['sid']]);
header('Location: /', true, 303);
