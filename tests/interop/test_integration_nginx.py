"""The nginx of docs/integration, run by a real nginx before a small system that knows nothing of OpenID Connect."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

import pytest
import requests

from tests.interop.department_process import EXAMPLES, add_system, copied, running
from tests.support.browser import Browser, Person
from tests.support.ports import free_port
from tests.support.provider import Provider

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed"),
]


@dataclass
class Department:
    """A system behind the gate: it remembers the header fields of every request."""

    port: int = 0
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@dataclass
class Site:
    """What people see of it, and what stands behind."""

    url: str
    issuer: str
    department: Department

    def sign_in(self, browser: Browser, person: Person, path: str = "/dossiers") -> str:
        return browser.walk(self.url + path, person, home=self.url).url


@contextmanager
def running_department() -> Iterator[Department]:
    seen = Department()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(200)
            self.send_header("Content-Length", "8")
            self.end_headers()
            self.wfile.write(b"dossiers")

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    seen.port = server.server_port
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def for_this_machine(port: int, gate: int, department: int, folder: Path) -> str:
    """Return the page's configuration with nothing changed but addresses, and without TLS; each must be there."""
    text = (EXAMPLES / "nginx" / "department.conf").read_text("utf-8")
    for shown, ours in (
        ("127.0.0.1:5000", f"127.0.0.1:{gate}"),
        ("127.0.0.1:8080", f"127.0.0.1:{department}"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("    ssl_certificate /etc/nginx/tls.crt;\n", ""),
        ("    ssl_certificate_key /etc/nginx/tls.key;\n", ""),
    ):
        assert text.count(shown) == 1, shown
        text = text.replace(shown, ours)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = f"pid {folder}/pid;\nerror_log {folder}/errors;\nevents {{}}\n"
    return f"{head}http {{\naccess_log {folder}/access;\n{places}{text}}}\n"


@contextmanager
def running_nginx(folder: Path, configuration: str, port: int) -> Iterator[None]:
    path = folder / "nginx.conf"
    path.write_text(configuration, "utf-8")
    # Started by root, nginx would serve as another user, who cannot enter the test's folder.
    command = [NGINX, "-c", str(path), "-g", "daemon off;" + (" user root;" if os.geteuid() == 0 else "")]
    subprocess.run([*command, "-t", "-q"], check=True, stderr=subprocess.PIPE)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while not _listens(port):
                assert time.monotonic() < deadline, (folder / "errors").read_text("utf-8")
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def _listens(port: int) -> bool:
    try:
        requests.get(f"http://127.0.0.1:{port}/login", timeout=60, allow_redirects=False)
    except requests.ConnectionError:
        return False
    return True


@pytest.fixture(scope="module")
def site(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port, gate = free_port(), free_port()
    url, folder = f"http://localhost:{port}", tmp_path_factory.mktemp("gate")
    copied("flask", folder)
    copied("nginx", folder)
    environ = add_system(provider, "nginx", url)
    with ExitStack() as stack:
        department = stack.enter_context(running_department())
        stack.enter_context(running([sys.executable, "gate.py"], folder, gate, environ))
        stack.enter_context(running_nginx(folder, for_this_machine(port, gate, department.port, folder), port))
        yield Site(url, provider.issuer, department)


def test_a_person_is_sent_to_sign_in_and_comes_back_to_the_page_that_they_wanted(site: Site, citizen: Person) -> None:
    before = len(site.department.requests)
    assert site.sign_in(Browser(), citizen, "/dossiers?year=2026&kind=a") == f"{site.url}/dossiers?year=2026&kind=a"
    assert [path for path, _ in site.department.requests[before:]] == ["/dossiers?year=2026&kind=a"]
    headers = site.department.requests[-1][1]
    assert unquote(headers["x-person-name"]) == "Công dân mẫu 01"
    assert headers["x-person-sub"]
    # Who reads the gate's cookie could pass for the person.
    assert "cookie" not in headers


@pytest.mark.parametrize("path", ["/", "/dossiers", "/login/x", "/callbackx", "/%6cogin/../dossiers"])
def test_without_a_session_nothing_reaches_the_department(site: Site, path: str) -> None:
    before = len(site.department.requests)
    for method in ("GET", "POST"):
        headers = {"X-Person-Sub": "somebody", "Cookie": "department=forged"}
        answer = requests.request(method, site.url + path, headers=headers, allow_redirects=False, timeout=30)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(f"{site.issuer}/authorize?")
    assert len(site.department.requests) == before


@pytest.mark.parametrize("path", ["/_gate/auth", "/auth", "/sign-in"])
def test_what_is_between_nginx_and_the_gate_is_not_for_callers(site: Site, citizen: Person, path: str) -> None:
    browser = Browser()
    site.sign_in(browser, citizen)
    answer = browser.session.get(site.url + path, timeout=30)
    assert "X-Person-Sub" not in answer.headers
    # Not the gate's: either nginx does not know it, or it is an address of the department.
    assert answer.status_code == 404 or answer.text == "dossiers"


@pytest.mark.parametrize("name", ["X-Person-Sub", "x-person-sub", "X_Person_Sub"])
def test_who_the_person_is_cannot_be_claimed_in_a_header(site: Site, citizen: Person, name: str) -> None:
    browser = Browser()
    site.sign_in(browser, citizen)
    own = site.department.requests[-1][1]["x-person-sub"]
    browser.session.get(f"{site.url}/dossiers", headers={name: "somebody-else"}, timeout=30)
    headers = site.department.requests[-1][1]
    assert headers["x-person-sub"] == own
    assert "somebody-else" not in headers.values()


def test_a_sign_out_elsewhere_closes_the_department(site: Site, citizen: Person) -> None:
    browser = Browser()
    site.sign_in(browser, citizen)
    browser.submit(browser.open(f"{site.issuer}/end_session"), "logout-form", "logout-confirm")
    deadline = time.monotonic() + 60
    while browser.session.get(f"{site.url}/dossiers", allow_redirects=False, timeout=30).status_code != 302:
        assert time.monotonic() < deadline, "no back-channel logout arrived"
        time.sleep(0.1)
    assert browser.open(f"{site.url}/dossiers").form("login-form") is not None


def test_a_form_of_the_department_signs_out(site: Site, citizen: Person) -> None:
    browser = Browser()
    site.sign_in(browser, citizen)
    answer = browser.session.post(f"{site.url}/logout", allow_redirects=False, timeout=30)
    assert answer.headers["Location"].startswith(f"{site.issuer}/end_session?")
    assert browser.session.get(f"{site.url}/dossiers", allow_redirects=False, timeout=30).status_code == 302


def test_a_form_without_a_session_returns_to_the_first_page(site: Site, citizen: Person) -> None:
    browser = Browser()
    begun = browser.session.post(f"{site.url}/dossiers", data={"a": "b"}, allow_redirects=False, timeout=30)
    assert browser.walk(begun.headers["Location"], citizen, home=site.url).url == f"{site.url}/"


def test_a_gate_that_is_down_lets_nothing_pass(tmp_path: Path) -> None:
    port = free_port()
    with running_department() as department:
        configuration = for_this_machine(port, free_port(), department.port, tmp_path)
        with running_nginx(tmp_path, configuration, port):
            assert requests.get(f"http://127.0.0.1:{port}/dossiers", timeout=30).status_code == 500
        assert department.requests == []


def test_the_code_of_a_callback_is_in_no_log(provider: Provider, citizen: Person, tmp_path: Path) -> None:
    port = free_port()
    with running_department() as department:
        with running_nginx(tmp_path, for_this_machine(port, free_port(), department.port, tmp_path), port):
            requests.get(f"http://127.0.0.1:{port}/callback?code=a-code", timeout=30)
        assert "/callback" not in (tmp_path / "access").read_text("utf-8")
