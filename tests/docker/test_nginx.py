"""The reverse proxy's configuration, run by a real nginx with a self-signed certificate before a small upstream."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support.ports import free_port

DOCKER = Path(__file__).parents[2] / "docker"
HOST = "id.example.test"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed"),
]


@dataclass
class Upstream:
    """What stands in the provider's place: it remembers what arrives, and says what it is told to."""

    port: int = 0
    requests: list[tuple[str, str, list[tuple[str, str]]]] = field(default_factory=list)

    def headers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in self.requests[-1][2]:
            # As WSGI does it: a hyphen and an underscore are the same there.
            found.setdefault(name.lower().replace("_", "-"), []).append(value)
        return found


@contextmanager
def running_upstream() -> Iterator[Upstream]:
    seen = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            seen.requests.append((self.command, self.path, self.headers.items()))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.send_header("Strict-Transport-Security", "max-age=1")
            self.end_headers()
            self.wfile.write(b"ok")

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever)
    thread.start()
    seen.port = server.server_port
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Proxy:
    """A running nginx and what is behind it."""

    upstream: Upstream
    port: int
    certificate: Path
    folder: Path

    def logged(self, line: str) -> str:
        """Return all that nginx has logged, once ``line`` is there: nginx answers first and writes afterwards."""
        deadline = time.monotonic() + 60
        while line not in (written := (self.folder / "access").read_text()):
            assert time.monotonic() < deadline, f"{line!r} is not in {written!r}"
            time.sleep(0.01)
        # What goes into the error log about a request is written before the request's own line.
        return written + (self.folder / "errors").read_text()

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"", name: str = HOST
    ) -> tuple[int, http.client.HTTPMessage]:
        """Send one request over TLS with the server name ``name``; the certificate is verified."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as plain:
            connection = http.client.HTTPConnection(name)
            connection.sock = context.wrap_socket(plain, server_hostname=name)
            return _exchange(connection, method, path, headers or {}, body)


def _exchange(
    connection: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[int, http.client.HTTPMessage]:
    try:
        connection.request(method, path, body=body or None, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status, response.headers
    finally:
        connection.close()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with running_upstream() as upstream, running_proxy(tmp_path_factory.mktemp("nginx"), upstream) as running:
        yield running


@contextmanager
def running_proxy(folder: Path, upstream: Upstream) -> Iterator[Proxy]:
    certificate, key = folder / "tls.crt", folder / "tls.key"
    subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command = ["openssl", "req", "-x509", *curve, *subject, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(_for_this_machine(port, upstream.port, folder))
    # Started by root, nginx would serve as another user, who cannot enter the test's folder.
    directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    command = [NGINX, "-c", str(configuration), "-g", directives]
    subprocess.run([*command, "-t", "-q"], check=True)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield Proxy(upstream, port, certificate, folder)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _for_this_machine(port: int, upstream: int, folder: Path) -> str:
    """Return the shipped configuration with nothing changed but addresses and paths; each must be there to be changed."""
    text = (DOCKER / "nginx.conf").read_text()
    for shipped, ours in (
        ("/tmp/", f"{folder}/"),
        ("/dev/stderr", f"{folder}/errors"),
        ("/dev/stdout", f"{folder}/access"),
        ("/etc/nginx/tls.", f"{folder}/tls."),
        ("provider:8000", f"127.0.0.1:{upstream}"),
        ("listen 8443", f"listen 127.0.0.1:{port}"),
    ):
        assert shipped in text, shipped
        text = text.replace(shipped, ours)
    return text


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def test_forwarded_headers_of_the_caller_are_overwritten_not_appended_to(proxy: Proxy) -> None:
    lies = {
        "X-Forwarded-For": "6.6.6.6, 127.0.0.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.test",
        "Forwarded": "for=6.6.6.6;host=evil.test",
    }
    assert proxy.request("GET", "/account", lies)[0] == 200
    arrived = proxy.upstream.headers()
    assert arrived["x-forwarded-for"] == ["127.0.0.1"]
    assert arrived["x-forwarded-proto"] == ["https"]
    assert arrived["x-forwarded-host"] == [HOST]
    assert arrived["host"] == [HOST]
    assert "forwarded" not in arrived


def test_the_same_names_with_underscores_do_not_slip_past(proxy: Proxy) -> None:
    # WSGI makes HTTP_X_FORWARDED_FOR of both spellings.
    assert proxy.request("GET", "/", {"X_Forwarded_For": "6.6.6.6", "X_SSL_Client_Cert": "forged"})[0] == 200
    arrived = proxy.upstream.headers()
    assert arrived["x-forwarded-for"] == ["127.0.0.1"]
    assert "x-ssl-client-cert" not in arrived


@pytest.mark.parametrize("name", ["Client-Cert", "X-SSL-Client-Cert"])
def test_a_client_certificate_claimed_in_a_header_is_stripped(proxy: Proxy, name: str) -> None:
    assert proxy.request("POST", "/token", {name: "forged"}, b"grant_type=client_credentials")[0] == 200
    assert name.lower() not in proxy.upstream.headers()


def test_credentials_and_query_reach_the_provider_unchanged(proxy: Proxy) -> None:
    target = "/authorize?client_id=a&redirect_uri=https%3A%2F%2Fa.test%2Fcb&state=%2B"
    proxy.request("GET", target, {"Authorization": "Basic YTpi", "Cookie": "session=1"})
    method, path, _ = proxy.upstream.requests[-1]
    arrived = proxy.upstream.headers()
    assert (method, path) == ("GET", target)
    assert arrived["authorization"] == ["Basic YTpi"]
    assert arrived["cookie"] == ["session=1"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [("POST", "/token", {"Content-Length": str(10**6)}, 413), ("GET", "/metrics", {}, 404)],
)
def test_what_is_not_for_the_world_ends_at_the_proxy(
    proxy: Proxy, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    before = len(proxy.upstream.requests)
    assert proxy.request(method, path, headers)[0] == status
    assert len(proxy.upstream.requests) == before


def test_a_long_authorization_request_passes(proxy: Proxy) -> None:
    assert proxy.request("GET", f"/authorize?claims={'a' * 12_000}")[0] == 200


def is_agreed(proxy: Proxy, *offer: str) -> bool:
    """Tell whether the proxy takes one of the offered ways of TLS."""
    result = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{proxy.port}", "-servername", HOST, *offer],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Cipher is " in result.stdout, result.stderr
    return b"Cipher is (NONE)" not in result.stdout


@pytest.mark.spec("RFC 9728", "7.1")
@pytest.mark.spec("RFC 9701", "8.2")
@pytest.mark.spec("RFC 8414", "6.1")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.2.1")
def test_old_tls_is_refused(proxy: Proxy) -> None:
    # At Debian's own security level this client would not even offer it, and the test could not fail.
    assert not is_agreed(proxy, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")


@pytest.mark.spec("RFC 9728", "7.1")
@pytest.mark.spec("RFC 9701", "8.2")
@pytest.mark.spec("RFC 8414", "6.1")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.2.2")
def test_of_tls_1_2_the_recommended_cipher_suites_alone_are_taken(proxy: Proxy) -> None:
    for good in ("AES128-GCM-SHA256", "AES256-GCM-SHA384"):
        assert is_agreed(proxy, "-tls1_2", "-cipher", f"ECDHE-RSA-{good}:ECDHE-ECDSA-{good}")
    others = "ALL:@SECLEVEL=0:!ECDHE-RSA-AES128-GCM-SHA256:!ECDHE-RSA-AES256-GCM-SHA384"
    others += ":!ECDHE-ECDSA-AES128-GCM-SHA256:!ECDHE-ECDSA-AES256-GCM-SHA384"
    assert not is_agreed(proxy, "-tls1_2", "-cipher", others)


def test_queries_are_in_no_log(proxy: Proxy) -> None:
    secret = "a-code-that-must-not-be-logged"
    proxy.request("GET", f"/callback?code={secret}", {"Referer": f"https://{HOST}/?{secret}", "User-Agent": secret})
    assert secret not in proxy.logged("GET /callback 200")


def test_an_upstream_that_is_away_is_answered_502_and_leaves_no_query_in_the_log(tmp_path: Path) -> None:
    secret = "a-code-that-must-not-be-logged"
    with running_proxy(tmp_path, Upstream(port=free_port())) as proxy:
        assert proxy.request("GET", f"/authorize?state={secret}")[0] == 502
        assert secret not in proxy.logged("GET /authorize 502")
