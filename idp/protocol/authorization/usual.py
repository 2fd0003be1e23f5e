"""Requests that say what their client has said before, in everything but state, nonce and challenge.

Departments' libraries ask the same in request after request. What such a request means depends on its words and on its client alone, so it is read
once for each version of the client (``clients.known`` gives another object after any change). The three values that are new each time are checked
each time.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Final

from clients.model import Client
from idp.model.authorization import AuthorizationRequest
from idp.protocol.authorization import parsing
from idp.protocol.authorization.parsing import Parameters, Readers, Target
from idp.protocol.authorization.response_types import CODE

_EVERYDAY: Final = frozenset(
    {
        *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "code_challenge_method"),
        *("prompt", "max_age", "acr_values", "ui_locales", "display"),
    }
)
"""What may be remembered: nothing that names a person, and nothing whose meaning depends on more than the client."""
_MOST: Final = 256
_LONGEST: Final = 1024
"""Requests that are remembered, and characters of the values of one: half a megabyte at most."""

_NAMES: Final = tuple(AuthorizationRequest.__dataclass_fields__)
_AT: Final = _NAMES.index("state")
_BEFORE: Final = attrgetter(*_NAMES[:_AT])
_AFTER: Final = attrgetter(*_NAMES[_AT + 4 :])
"""Fields before and behind ``state``, ``scope``, ``nonce`` and ``challenge``."""


class UsualRequests:
    """Parses requests; a full memory is emptied, so that a flood of different ones costs what it cost before."""

    def __init__(self, readers: Readers) -> None:
        """Take what parameters are read with."""
        self._readers = readers
        self._known: dict[object, tuple[Client, tuple[Any, ...], tuple[str, ...], tuple[Any, ...]]] = {}

    def parse(self, target: Target, parameters: Parameters) -> AuthorizationRequest:
        """As ``parsing.parse``."""
        rest = dict(parameters)
        rest.pop("state", None)
        # Whether the other two are there at all is part of what is asked.
        words = (rest.pop("nonce", None) is None, rest.pop("code_challenge", None) is None, *rest.items())
        known = self._known.get(words)
        if known is None or known[0] is not target.client:
            request = parsing.parse(target, parameters, self._readers)
            if request.response_type == CODE.name and rest.keys() <= _EVERYDAY:
                self._remember(words, sum(map(len, rest.values())), target.client, request)
            return request
        client, before, scope, after = known
        state, nonce, challenge = parsing.new_each_time(parameters, client)
        values: tuple[Any, ...] = (*before, state, scope, nonce, challenge, *after)
        return AuthorizationRequest(*values)

    def _remember(self, words: object, length: int, client: Client, request: AuthorizationRequest) -> None:
        if length > _LONGEST:
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[words] = client, _BEFORE(request), request.scope, _AFTER(request)
