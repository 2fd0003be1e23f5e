<?php
declare(strict_types=1);

require __DIR__ . '/oidc.php';

open_session();
$person = $_SESSION['person'] ?? null;
?>
<!doctype html>
<meta charset="utf-8">
<?php if ($person === null): ?>
<a href="/login.php">Đăng nhập</a>
<?php else: ?>
<p><?= htmlspecialchars($person['name'] ?? $person['sub']) ?></p>
<form method="post" action="/logout.php"><button>Đăng xuất</button></form>
<?php endif ?>
