"""``python -m examples.upstream_simulators vneid``: serve one simulator on loopback, for the demo and for trying things out."""

from __future__ import annotations

import os
import sys

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from examples.upstream_simulators.oidc import OidcSimulator
from examples.upstream_simulators.provider import Simulator
from examples.upstream_simulators.vnconnect import VnConnectSimulator
from examples.upstream_simulators.vneid import VneIdSimulator

_KINDS = {"vneid": 8103, "vnconnect": 8104, "oidc": 8105}


def main() -> None:
    """Serve the simulator that the first argument names.

    ``SIMULATOR_SECRET`` and ``SIMULATOR_RECEIVER`` (a file with a public key) come by environment.
    """
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in _KINDS:
        sys.exit(f"usage: python -m examples.upstream_simulators {'|'.join(_KINDS)}")
    port = _KINDS[name]
    secret, base = os.environ.get("SIMULATOR_SECRET", "simulator"), f"http://localhost:{port}"
    made: Simulator
    if name == "vneid":
        made = VneIdSimulator("dinh-danh", secret, base, "VNeID", receiver=_receiver())
    elif name == "vnconnect":
        made = VnConnectSimulator("dinh-danh", secret, base, "VNConnect")
    else:
        made = OidcSimulator("dinh-danh", secret, base, "OpenID Connect")
    made.app().run("127.0.0.1", port, threaded=True)


def _receiver() -> RSAPublicKey | None:
    path = os.environ.get("SIMULATOR_RECEIVER")
    if not path:
        return None
    with open(path, "rb") as file:  # noqa: PTH123 - one line
        key = load_pem_public_key(file.read())
    return key if isinstance(key, RSAPublicKey) else None


if __name__ == "__main__":
    main()
