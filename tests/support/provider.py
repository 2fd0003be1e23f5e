"""A real `idp serve` in a temporary home, driven through its command line and its port alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import requests
from click.testing import CliRunner

from idp.cli import main
from tests.support.ports import free_port

ROOT: Final = Path(__file__).resolve().parents[2]
CITIZEN_CODE: Final = "049499000001"
CITIZEN_PASSWORD: Final = "mật khẩu mẫu của công dân 01"
_START_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 120.0
_REGISTRY_SECONDS: Final = 1.1


class CommandError(RuntimeError):
    """An `idp` command that had to succeed did not."""


class Provider:
    """One deployment: a home, a database, a serving process.

    `database_url` and `ephemeral_url` empty mean the embedded default; `settings` are further `IDP_*` variables
    without the prefix, e.g. `{"REFRESH_GRACE": "0"}`.
    """

    def __init__(
        self,
        *,
        database_url: str = "",
        ephemeral_url: str = "",
        workers: int = 1,
        settings: Mapping[str, str] | None = None,
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="dinhdanh-idp-"))
        self.port = free_port()
        self.issuer = f"http://localhost:{self.port}"
        self.workers = workers
        self._arguments = arguments
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
        given = {
            "HOME": str(self.home),
            "ISSUER": self.issuer,
            "DATABASE_URL": database_url,
            "EPHEMERAL_URL": ephemeral_url,
            **(settings or {}),
        }
        self._environ |= {f"IDP_{name}": value for name, value in given.items() if value}
        self._process: subprocess.Popen[bytes] | None = None
        self.is_initialised = False

    @property
    def pid(self) -> int:
        """Return the process id of `idp serve`."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def log_path(self) -> Path:
        """Return the file with everything that `idp serve` wrote to stdout and stderr."""
        return self.home / "serve.log"

    def idp(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run `idp` with these arguments in this deployment; never raises for an exit code."""
        return subprocess.run(
            [*_command(), *arguments],
            input=stdin, capture_output=True, text=True, env=self._environ, cwd=ROOT, check=False, timeout=300,
        )  # fmt: skip

    def here(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run `idp` in this process: to start an interpreter takes longer than what most commands do.

        Over PostgreSQL in a process of its own, since a command leaves its connection to the end of its process.
        """
        if "IDP_DATABASE_URL" in self._environ:
            return self.idp(*arguments, stdin=stdin)
        unset = {name: None for name in os.environ if name.startswith("IDP_")}
        given = {name: value for name, value in self._environ.items() if name.startswith("IDP_")}
        done = CliRunner().invoke(main, arguments, input=stdin, env={**unset, **given})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def idp_json(self, *arguments: str, stdin: str | None = None) -> dict[str, Any]:
        """Run a command with `--json` here that must succeed and prints one object; raises `CommandError`."""
        done = self.here(*arguments, "--json", stdin=stdin)
        if done.returncode != 0:
            message = f"idp {' '.join(arguments)}: exit {done.returncode}: {done.stderr.strip()}"
            raise CommandError(message)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def initialise(self) -> Self:
        """Run `idp init`, once."""
        if not self.is_initialised:
            self.idp_json("init")
            self.is_initialised = True
        return self

    def start(self) -> Self:
        """Initialise if need be, serve, and wait for readiness; raises `RuntimeError` with the log's end."""
        self.initialise()
        serve = ["serve", "--host", "127.0.0.1", "--port", str(self.port), "--workers", str(self.workers)]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*_command(), *serve, *self._arguments], stdout=log, stderr=log, env=self._environ, cwd=ROOT
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._kill()
                message = f"idp serve is not ready: {self.log_path.read_text(errors='replace')[-3000:]}"
                raise RuntimeError(message)
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """Ask the provider to end as an init system does; it must drain and exit 0."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        assert code == 0, f"exit {code} after SIGTERM: {self.log_path.read_text(errors='replace')[-2000:]}"

    def close(self) -> None:
        """Stop and remove the home."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.home, ignore_errors=True)

    def add_account(
        self,
        code: str = CITIZEN_CODE,
        password: str = CITIZEN_PASSWORD,
        *,
        name: str = "Công dân mẫu 01",
        birthdate: str = "2199-05-01",
        **columns: str,
    ) -> str:
        """Add a citizen; further columns as in the contract (`email="…"`); return the account id."""
        options = {"code_type": "cccd", "code": code, "name": name, "birthdate": birthdate, **columns}
        arguments = [part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", value)]
        added = self.idp_json("accounts", "add", *arguments, "--password-stdin", stdin=password + "\n")
        return str(added["account_id"])

    def add_client(self, **metadata: object) -> dict[str, Any]:
        """Register a client over defaults that suit tests; return its metadata with `client_id` and `client_secret`."""
        document: dict[str, Any] = {
            "client_name": {"vi": "Hệ thống thử nghiệm", "en": "Test system"},
            "unit": "48",
            "legal_basis": "consent",
            "purpose": {"vi": "Kiểm thử tự động", "en": "Automated tests"},
            "redirect_uris": ["http://127.0.0.1:9/callback"],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": "openid profile email phone address offline_access identity",
            "id_token_signed_response_alg": "ES256",
            **metadata,
        }
        added = self.idp_json("clients", "add", "-", stdin=json.dumps(document))
        if self._process is not None:
            # A worker asks the store about a client that it does not know at most once a second.
            time.sleep(_REGISTRY_SECONDS)
        return document | added

    def _is_ready(self) -> bool:
        with suppress(requests.ConnectionError, requests.Timeout):
            return bool(requests.get(f"{self.issuer}/healthz/ready", timeout=30).status_code == requests.codes.ok)
        return False

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop and remove."""
        self.close()


def _command() -> list[str]:
    """Return the installed `idp` of the interpreter that runs the tests, or the same entry point by module."""
    script = Path(sys.executable).with_name("idp")
    if script.exists():
        return [str(script)]
    return [sys.executable, "-c", "from idp.cli import main; main(prog_name='idp')"]
