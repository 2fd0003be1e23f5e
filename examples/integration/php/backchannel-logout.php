<?php
// Ends the session that the provider names (OpenID Connect Back-Channel Logout section 2.6).
declare(strict_types=1);

require __DIR__ . '/oidc.php';

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

header('Cache-Control: no-store');
$token = (string) ($_POST['logout_token'] ?? '');
$part = static fn (int $at): array => (array) json_decode(
    (string) base64_decode(strtr(explode('.', $token)[$at] ?? '', '-_', '+/')), true);
try {
    // Signature, issuer, audience, iat, and that there is no nonce.
    $isGenuine = provider()->verifyLogoutToken();
} catch (Throwable $refused) {
    error_log('logout token refused: ' . $refused->getMessage());
    $isGenuine = false;
}
$claims = $isGenuine ? $part(1) : [];
// What the library leaves out: the type, a missing "events", the end of life. An ID token must not pass for a sign-out.
$isLogout = $isGenuine
    && ($part(0)['typ'] ?? '') === 'logout+jwt'
    && isset($claims['events'][LOGOUT_EVENT], $claims['jti'], $claims['sid'])
    && ($claims['exp'] ?? 0) > time();
if (!$isLogout) {
    http_response_code(400);
    exit;
}
$db = register();
$db->prepare('DELETE FROM told WHERE until < ?')->execute([time()]);
$told = $db->prepare('INSERT OR IGNORE INTO told VALUES (?, ?)');
$told->execute([$claims['jti'], $claims['exp'] + 60]);
if ($told->rowCount() === 0) {
    http_response_code(400);
    exit;
}
$found = $db->prepare('SELECT session FROM sign_ins WHERE sid = ?');
$found->execute([$claims['sid']]);
foreach ($found->fetchAll(PDO::FETCH_COLUMN) as $session) {
    session_id($session);
    open_session();
    session_destroy();
}
$db->prepare('DELETE FROM sign_ins WHERE sid = ?')->execute([$claims['sid']]);
