"""What a connector is made from: the provider's settings, its secrets, and the ways out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from idp.clock import Clock
from idp.config.upstreams import Upstream
from idp.errors import SettingsError
from idp.ports.fetcher import AuthorizingFetcher

_LEAST_BITS = 2048


@dataclass(frozen=True)
class Setup:
    """One provider as the operator described it. ``redirect_uri`` is our own callback, the only one a code is redeemed for."""

    name: str
    settings: Upstream
    redirect_uri: str
    fetcher: AuthorizingFetcher
    clock: Clock

    @cached_property
    def secret(self) -> str:
        """Return the client secret, "" for none; raises ``SettingsError`` for a file that cannot be read."""
        path = self.settings.client_secret_file
        if path is None:
            return self.settings.client_secret.get_secret_value()
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"upstream {self.name}: client_secret_file {path} cannot be read: {type(error).__name__}"
            ) from error

    @cached_property
    def decryption_key(self) -> RSAPrivateKey | None:
        """Return the key that opens envelopes; raises ``SettingsError`` for a file that holds none."""
        path = self.settings.decryption_key_file
        if path is None:
            return None
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SettingsError(
                f"upstream {self.name}: decryption_key_file {path} is no readable private key without a passphrase"
            ) from error
        if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_BITS:
            raise SettingsError(
                f"upstream {self.name}: decryption_key_file must be an RSA key of {_LEAST_BITS} bits or more"
            )
        return key
