"""What the certification plans of OpenID Connect vary, and how much of it runs by default.

Every plan runs the same modules: ``basic`` with the response type ``code``, ``implicit`` and ``hybrid`` with theirs, and the
form-post plans with each of them and ``response_mode=form_post``. The last are the same paths through the provider but for
the answer, so that by default only `oidcc-server` and the refusals run with them; ``IDP_TEST_CONFORMANCE=full`` runs all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

IS_FULL: Final = os.environ.get("IDP_TEST_CONFORMANCE") == "full"


@dataclass(frozen=True, slots=True)
class Variant:
    """One response type and how its answer comes."""

    response_type: str
    is_form_post: bool = False

    @property
    def words(self) -> list[str]:
        """Return the words of the response type."""
        return self.response_type.split()

    @property
    def has_code(self) -> bool:
        """Tell whether a code comes."""
        return "code" in self.words

    @property
    def has_token(self) -> bool:
        """Tell whether an access token comes through the browser."""
        return "token" in self.words

    @property
    def has_id_token(self) -> bool:
        """Tell whether an ID token comes through the browser."""
        return "id_token" in self.words

    @property
    def name(self) -> str:
        """Return what a test is called by."""
        return "-".join([*self.words, *(["form_post"] if self.is_form_post else [])])


TYPES: Final = ("code", "id_token", "id_token token", "code id_token", "code token", "code id_token token")
EVERY: Final = tuple(Variant(kind, mode) for mode in (False, True) for kind in TYPES)
DEFAULT: Final = EVERY if IS_FULL else tuple(one for one in EVERY if not one.is_form_post)
FEW: Final = EVERY if IS_FULL else (EVERY[0], EVERY[1], EVERY[5])
"""For what a request may ask: with a code, with an ID token alone, and with all three."""
_Test = Callable[..., None]


def over(variants: tuple[Variant, ...] = DEFAULT, *, only: Callable[[Variant], bool] = lambda one: True) -> Any:
    """Run a module with these variants, one test each; ``only`` leaves out those to which it does not apply."""
    chosen = [one for one in variants if only(one)]
    return pytest.mark.parametrize("suite", chosen, indirect=True, ids=lambda one: one.name)


def with_code(one: Variant) -> bool:
    """Keep the response types that bring a code."""
    return one.has_code


def with_userinfo(one: Variant) -> bool:
    """Keep the response types that bring an access token, now or for the code."""
    return one.has_code or one.has_token


def with_nonce(one: Variant) -> bool:
    """Keep the response types that demand a nonce."""
    return one.has_id_token


def without_nonce(one: Variant) -> bool:
    """Keep those that do not."""
    return not one.has_id_token
