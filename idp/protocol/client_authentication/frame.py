"""What a method of client authentication gets and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from clients.model import Client, Secret
from idp.clock import Clock
from idp.model.frozen import frozen
from idp.protocol.client_certificates import ClientCertificates
from idp.protocol.client_keys import ClientKeys
from idp.protocol.wire import WireRequest


class Shape(Enum):
    """How a credential comes; several methods may share one. A certificate and a mere name are what is there without any other."""

    BASIC = "basic"
    BODY = "body"
    ASSERTION = "assertion"
    NOTHING = "nothing"


@frozen
class Credential:
    """What a request presents: its shape, the claimed client, and the secret or the assertion ("" for neither)."""

    shape: Shape
    client_id: str
    value: str


@dataclass(frozen=True, slots=True)
class Used:
    """An assertion that was right and now has to be marked as used; moments in epoch seconds."""

    jti: str
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Tools:
    """What methods work with. ``bases`` are the addresses under which our endpoints are reached, the issuer first."""

    clock: Clock
    keys: ClientKeys
    certificates: ClientCertificates
    bases: tuple[str, ...]
    readable: Callable[[str, Secret], bytes | None]


Extractor = Callable[[WireRequest, Mapping[str, str]], Credential | None]


Prove = Callable[[Credential, Client, WireRequest, Tools], Used | None]
"""Checks a credential of its method's shape against the client that it names. Returns what has to be marked as used, if anything.

Raises ``InvalidClient`` for a wrong credential.
"""


@dataclass(frozen=True, slots=True)
class Method:
    """One method: the shape in which it comes, and its proof."""

    shape: Shape
    prove: Prove
