"""The first system of README.md, as it stands there: what a newcomer types works."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Thread
from typing import Any

from werkzeug.serving import make_server

from tests.support.browser import Browser, Person
from tests.support.ports import free_port
from tests.support.provider import Provider

README = Path(__file__).parents[2] / "README.md"


def first_system(provider: Provider, client: dict[str, Any], port: int) -> Any:
    """Return the application of the page's Python, with what a newcomer fills in."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    filled = {
        "app.secret_key = ...": "app.secret_key = 'x' * 32",
        "client_id=...": f"client_id={client['client_id']!r}",
        "client_secret=...": f"client_secret={client['client_secret']!r}",
        "http://localhost:8000": provider.issuer,
        "localhost:5000": f"localhost:{port}",
    }
    for blank, value in filled.items():
        assert blank in code, blank
        code = code.replace(blank, value)
    names: dict[str, Any] = {"__name__": "newcomer"}
    exec(compile(code, str(README), "exec"), names)  # noqa: S102 - the repository's own page
    return names["app"]


def test_first_system_of_the_readme_signs_a_citizen_in(provider: Provider, citizen: Person) -> None:
    port = free_port()
    home = f"http://localhost:{port}/"
    client = provider.add_client(redirect_uris=[f"{home}callback"], scope="openid profile")
    server = make_server("localhost", port, first_system(provider, client, port))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        page = Browser().walk(f"{home}login", citizen, home=home)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert "Xin chào Công dân mẫu 01" in page.text
