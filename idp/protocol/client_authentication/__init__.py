"""Client authentication (RFC 6749 section 2.3): who asks, proved by exactly one credential a request.

A module a way of proving, a row a method in ``registry``; discovery and the endpoints read the same table. An unknown client and a wrong
secret are the same 401 after the same work.
"""

from __future__ import annotations

from idp.protocol.client_authentication.authenticator import CHALLENGE, ClientAuthenticator
from idp.protocol.client_authentication.registry import METHODS

__all__ = ["CHALLENGE", "METHODS", "ClientAuthenticator"]
