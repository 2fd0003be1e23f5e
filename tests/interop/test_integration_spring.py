"""The Spring Security system of docs/integration/spring.md, built and run as it is, where Maven can fetch Spring."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.department_process import EXAMPLES, add_system, running
from tests.support.browser import Browser, Page, Person
from tests.support.ports import free_port
from tests.support.provider import Provider

pytestmark = [pytest.mark.slow, pytest.mark.interop]
_BUILD_SECONDS = 300
_PATIENCE = 60


@dataclass(frozen=True)
class System:
    """The running system and its provider."""

    url: str
    issuer: str

    def sign_in(self, browser: Browser, person: Person) -> Page:
        return browser.walk(f"{self.url}/mine", person, home=f"{self.url}/mine")

    def person(self, browser: Browser) -> str | None:
        return browser.open(f"{self.url}/").text_of("person")


@pytest.fixture(scope="module")
def jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the built system: the page's two files, and the pages of a department beside them."""
    if shutil.which("mvn") is None:
        pytest.skip("Maven is not installed")
    folder = tmp_path_factory.mktemp("spring")
    java, resources = folder / "src/main/java/vn/example/department", folder / "src/main/resources"
    java.mkdir(parents=True)
    resources.mkdir(parents=True)
    ours = Path(__file__).with_name("spring")
    shutil.copy(ours / "pom.xml", folder)
    for source in (EXAMPLES / "spring" / "SecurityConfig.java", ours / "Department.java"):
        shutil.copy(source, java)
    shutil.copy(EXAMPLES / "spring" / "application.yml", resources)
    try:
        built = subprocess.run(
            ["mvn", "-q", "-B", "package"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"Maven did not get Spring within {_BUILD_SECONDS} seconds")
    if built.returncode != 0:
        said = (built.stdout + built.stderr)[-3000:]
        if "COMPILATION ERROR" in said:
            pytest.fail(said)
        pytest.skip(f"Maven cannot fetch Spring here: {said[-300:]}")
    return folder / "target" / "department-1.jar"


@pytest.fixture(scope="module")
def system(provider: Provider, jar: Path) -> Iterator[System]:
    """Run it, registered as its page says."""
    port = free_port()
    url = f"http://localhost:{port}"
    environ = {**add_system(provider, "spring", url), "SERVER_PORT": str(port)}
    with running(["java", "-Xmx256m", "-jar", str(jar)], jar.parent, port, environ):
        yield System(url, provider.issuer)


def test_a_person_signs_in_by_spring_and_signs_out_of_everything(system: System, citizen: Person) -> None:
    browser = Browser()
    assert system.sign_in(browser, citizen).text_of("person") == "Công dân mẫu 01"
    assert browser.submit(browser.open(f"{system.url}/"), "logout").url == f"{system.url}/"
    assert system.person(browser) is None
    # Signed out of the provider too: a new sign-in asks for the password again.
    assert browser.open(f"{system.url}/mine").form("login-form") is not None


def test_a_sign_out_elsewhere_ends_springs_session_and_no_other(system: System, citizen: Person) -> None:
    browser, bystander = Browser(), Browser()
    system.sign_in(browser, citizen)
    system.sign_in(bystander, citizen)
    browser.submit(browser.open(f"{system.issuer}/end_session"), "logout-form", "logout-confirm")
    deadline = time.monotonic() + _PATIENCE
    while system.person(browser) is not None:
        assert time.monotonic() < deadline, "no back-channel logout arrived"
        time.sleep(0.1)
    assert system.person(bystander) is not None
