"""TLS to a directory: the chain and the host name are checked by Python's own ``ssl``, never switched off.

ldap3 checks the name after the handshake with a matcher of its own, and not at all in some configurations; here the context does it, as for
every other connection of the provider.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from ldap3 import Tls


class StrictTls(Tls):
    """``ldap3.Tls`` whose sockets verify chain and host name, from TLS 1.2."""

    def __init__(self, host: str, ca_file: Path | None) -> None:
        """Take the name that the certificate must bear, and the authorities that count (None: the system's)."""
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._host = host
        self._context = context(ca_file)

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: ARG002, FBT002 - the library's signature
        """Replace the connection's socket by one with TLS; the handshake is done here, or nothing is sent."""
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=self._host)


def context(ca_file: Path | None) -> ssl.SSLContext:
    """Return the context for a client; raises ``OSError`` for a file that cannot be read and ``ssl.SSLError`` for one that holds no certificate."""
    made = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made
