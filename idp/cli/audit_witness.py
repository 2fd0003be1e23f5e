"""``idp audit witness``: a stand-alone witness with its own key and memory; needs no database and no settings of the provider."""

from __future__ import annotations

import os
import signal
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any, ClassVar, Final

import click
import orjson

from idp.cli.output import emit, say, with_exit_codes
from idp.errors import InvalidInput, NotFound
from idp.services.witness import Seen, Witness, WitnessRefused
from keys.errors import InvalidJwk
from keys.log_keys import LogSigner, read_keys
from keys.strict_json import read_object
from policies.merkle import EMPTY_ROOT

_ALG: Final = "EdDSA"
_MAX_BODY: Final = 64 * 1024
_PATIENCE: Final = 10
"""Seconds in which a request has to be there: a witness is a small machine."""
_DIRECTORY = click.Path(file_okay=False, path_type=Path)


@click.group("witness")
def witness_group() -> None:
    """Sign heads of somebody's audit log, as an independent witness."""


@witness_group.command("init")
@click.argument("directory", type=_DIRECTORY)
@click.option(
    "--log",
    "log_keys",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="`idp audit keys` of the log.",
)
@click.option("--origin", required=True, help="Issuer of the log's provider.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_exit_codes
def init(*, directory: Path, log_keys: Path, origin: str, as_json: bool) -> None:
    """Make a witness's key and memory in DIRECTORY; its public key is in `jwks.json`, for the provider and for verifiers."""
    try:
        document = read_object(log_keys.read_bytes())
        read_keys(document)
    except (ValueError, InvalidJwk) as error:
        raise InvalidInput(f"is no JWK set: {error}", field="--log") from error
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (directory / "key.der").exists():
        raise InvalidInput(f"{directory} holds a witness already", field="directory")
    signer = LogSigner.generate(_ALG)
    _write(directory / "log.json", orjson.dumps({"origin": origin, "keys": document["keys"]}))
    jwk = {**signer.public_jwk, "kid": signer.kid, "use": "sig"}
    _write(directory / "jwks.json", orjson.dumps({"keys": [jwk]}))
    _write(directory / "key.der", signer.to_der())
    emit({"directory": str(directory), "kid": signer.kid, "jwks": str(directory / "jwks.json")}, as_json=as_json)


@witness_group.command("serve")
@click.argument("directory", type=_DIRECTORY)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8200, show_default=True, type=click.IntRange(0, 65535), help="Port; 0: any that is free."
)
@click.option("--json", "as_json", is_flag=True, help="Print the address as JSON.")
@with_exit_codes
def serve(*, directory: Path, host: str, port: int, as_json: bool) -> None:
    """Serve `POST /add-head` until SIGTERM; put TLS in front of it where it is reached over a network."""
    witness = open_witness(directory)
    server = ThreadingHTTPServer((host, port), type("Handler", (_Handler,), {"witness": witness}))
    server.daemon_threads = True

    def ended(_signal: int, _frame: FrameType | None) -> None:
        # ``shutdown`` waits for the loop that this handler interrupts.
        Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGINT, ended)
    address = f"http://{host}:{server.server_address[1]}/add-head"
    say(f"witness listening on {address}")
    if as_json:
        emit({"url": address}, as_json=True)
    with server:
        server.serve_forever()


def open_witness(directory: Path) -> Witness:
    """Return the witness of a directory; raises ``NotFound``."""
    try:
        log = read_object((directory / "log.json").read_bytes())
        signer = LogSigner.from_der(_ALG, (directory / "key.der").read_bytes())
    except OSError as error:
        raise NotFound(f"{directory} holds no witness: run `idp audit witness init`") from error
    return Witness(log["origin"], read_keys(log), signer, StateFile(directory / "seen.json"), lambda: int(time.time()))


class StateFile:
    """``services.witness.WitnessState`` in a file that is replaced whole."""

    def __init__(self, path: Path) -> None:
        """Take the path; no file is an empty memory, an unreadable one is an error and never an empty memory."""
        self._path = path

    def last(self) -> Seen:
        """Return what was signed last."""
        if not self._path.exists():
            return Seen(0, EMPTY_ROOT)
        value = read_object(self._path.read_bytes())
        return Seen(int(value["size"]), bytes.fromhex(value["root"]))

    def keep(self, seen: Seen) -> None:
        """Remember durably: the new file is on the disk before it takes the old one's name, and so is the name."""
        fresh = self._path.with_suffix(".new")
        _write(fresh, orjson.dumps({"size": seen.size, "root": seen.root.hex()}))
        fresh.replace(self._path)
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class _Handler(BaseHTTPRequestHandler):
    """HTTP in front of a witness."""

    witness: ClassVar[Witness]
    timeout = _PATIENCE
    server_version = "dinhdanh-witness"
    sys_version = ""

    def do_GET(self) -> None:
        """Say who the witness is and what it signed last."""
        self._answer(200, dict(self.witness.about()))

    def do_POST(self) -> None:
        """Take a head."""
        try:
            length = int(self.headers.get("Content-Length", ""))
            asked = orjson.loads(self.rfile.read(length)) if 0 < length <= _MAX_BODY else None
        except ValueError:
            asked = None
        if self.path != "/add-head":
            self._answer(404, {"error": "there is only /add-head"})
            return
        try:
            self._answer(200, self.witness.add_head(asked))
        except WitnessRefused as refusal:
            say(f"refused: {refusal}")
            size = {} if refusal.size is None else {"size": refusal.size}
            self._answer(refusal.status, {"error": str(refusal), **size})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Say nothing about every request."""

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = orjson.dumps(document)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _write(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, down to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
