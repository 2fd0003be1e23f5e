"""What ``systemd/`` holds for a machine without containers: the units as texts, the settings as they are read, the site in a real nginx."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from idp.cli import main
from idp.config import load
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
HOST = ROOT / "systemd"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
_OF_THIS_UNIT = {"execstart", "killmode"}
_OF_THIS_PLACE = re.compile(
    r"listen|server_name|ssl_certificate|ssl_session_cache|access_log|error_log|log_format|limit_conn|server "
    r"|proxy_pass|pid|worker_|\w+_temp_path|upstream|events|http"
)


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(HOST / f"{name}.service")
    return parser


@pytest.mark.parametrize("name", ["dinhdanh", "dinhdanh-worker"])
def test_unit_runs_a_command_that_there_is_with_options_that_it_has(name: str) -> None:
    program, command, *words = shlex.split(unit(name)["Service"]["ExecStart"])
    assert program == "/opt/dinhdanh/current/bin/idp"
    found = main.get_command(None, command)  # type: ignore[arg-type]
    assert found is not None
    known = {option for one in found.params for option in one.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_both_units_are_closed_in_alike() -> None:
    serving, working = (
        {key: value for key, value in unit(name)["Service"].items() if key not in _OF_THIS_UNIT}
        for name in ("dinhdanh", "dinhdanh-worker")
    )
    assert serving == working
    assert serving["protectsystem"] == "strict"
    assert serving["capabilityboundingset"] == ""
    assert serving["statedirectory"] == "dinhdanh"


def test_settings_are_read_and_keep_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDP_CONFIG", str(HOST / "idp.toml"))
    settings = load({})
    assert settings.home == Path("/var/lib/dinhdanh")
    assert settings.database_url.startswith("postgresql:///")
    assert settings.ephemeral_url.startswith("unix:///")
    assert settings.shown()["database_url"] == settings.database_url


def directives(text: str) -> list[str]:
    """Return the directives that say what is done, in order and without those that name a place."""
    plain = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    found = [re.sub(r"\s+", " ", one).strip(" }\n") for one in re.split(r"[;{]", plain)]
    return sorted(one for one in found if one and not _OF_THIS_PLACE.match(one))


def test_site_does_what_the_proxy_of_the_containers_does() -> None:
    assert directives((HOST / "nginx-site").read_text()) == directives((ROOT / "docker" / "nginx.conf").read_text())


@pytest.mark.servers
@pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed")
def test_site_is_taken_by_the_nginx_of_debian(tmp_path: Path) -> None:
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    subject = ["-subj", "/CN=dinhdanh.example.vn", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    made = ["openssl", "req", "-x509", *subject, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    site = (HOST / "nginx-site").read_text()
    for shipped, ours in (
        ("/etc/dinhdanh/", f"{tmp_path}/"),
        ("/var/log/nginx/", f"{tmp_path}/"),
        ("listen 443", f"listen 127.0.0.1:{free_port()}"),
        ("[::]:443", f"127.0.0.1:{free_port()}"),
    ):
        assert shipped in site, shipped
        site = site.replace(shipped, ours)
    (tmp_path / "site").write_text(site)
    whole = f"pid {tmp_path}/pid; error_log {tmp_path}/errors; events {{}} http {{ access_log off; include {tmp_path}/site; }}"
    (tmp_path / "nginx.conf").write_text(whole)
    checked = subprocess.run([NGINX, "-t", "-c", str(tmp_path / "nginx.conf")], check=False, capture_output=True)
    assert checked.returncode == 0, checked.stderr.decode()
