<?php
// What the pages of a department's PHP system have in common: the client, the session, the register of sign-ins.
declare(strict_types=1);

require __DIR__ . '/vendor/autoload.php';

use Jumbojett\OpenIDConnectClient;

function setting(string $name): string
{
    return getenv($name) ?: throw new RuntimeException("$name is not set");
}

function provider(): OpenIDConnectClient
{
    $client = new OpenIDConnectClient(setting('OIDC_ISSUER'), setting('OIDC_CLIENT_ID'), setting('OIDC_CLIENT_SECRET'));
    // Without this line the library uses no PKCE, and the provider refuses the request.
    $client->setCodeChallengeMethod('S256');
    $client->addScope(['profile']);
    // Character by character what is registered, never guessed from the Host header.
    $client->setRedirectURL(setting('BASE_URL') . '/login.php');
    return $client;
}

function open_session(): void
{
    session_start([
        'cookie_httponly' => true,
        // Lax: the cookie comes along when the provider sends the person back, and not with another site's POST.
        'cookie_samesite' => 'Lax',
        'cookie_secure' => str_starts_with(setting('BASE_URL'), 'https:'),
        'use_strict_mode' => true,
    ]);
}

// Which session belongs to which sid, so that a sign-out elsewhere can end it; outside of what the web server shows.
function register(): PDO
{
    $db = new PDO('sqlite:' . setting('SESSION_FILE'), options: [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    $db->exec('CREATE TABLE IF NOT EXISTS sign_ins (session TEXT PRIMARY KEY, sid TEXT NOT NULL)');
    $db->exec('CREATE TABLE IF NOT EXISTS told (jti TEXT PRIMARY KEY, until INTEGER NOT NULL)');
    return $db;
}
