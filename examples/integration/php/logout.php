<?php
// Signs out here, then everywhere.
declare(strict_types=1);

require __DIR__ . '/oidc.php';

if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    http_response_code(405);
    exit;
}
open_session();
$idToken = $_SESSION['id_token'] ?? null;
register()->prepare('DELETE FROM sign_ins WHERE session = ?')->execute([session_id()]);
session_destroy();
if ($idToken === null) {
    header('Location: /', true, 303);
    exit;
}
provider()->signOut($idToken, setting('BASE_URL') . '/');
