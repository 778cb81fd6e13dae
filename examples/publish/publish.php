<?php
// Publishes a message: php publish.php [URL]

$url = $argv[1] ?? 'http://127.0.0.1:9999/btc';
$body = file_get_contents($url, false, stream_context_create(['http' => [
    'method' => 'POST',
    'header' => 'Content-Type: application/json',
    'content' => json_encode(['price' => 42]),
    'timeout' => 10,
]]));
if ($body === false) {
    exit(1);
}
$receipt = json_decode($body);
echo "$receipt->id to $receipt->subscribers\n";
