"""Every setting of the product: its type, default, meaning and bounds; ``docs/settings.md`` is generated from the fields.

Order: command line > environment ``IDP_*`` (nested with ``__``) > secret files > ``idp.toml`` > defaults. Unknown keys are refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings import SettingsError as UnreadableSettings

from idp.config.administration import Administration
from idp.config.audit import Audit
from idp.config.data_rights import DataRights
from idp.config.directories import Directories
from idp.config.factors import FactorRules
from idp.config.faults import in_words
from idp.config.federation import Federation
from idp.config.messages import Mail, Sms
from idp.config.metrics import Metrics
from idp.config.origins import masked
from idp.config.qr import QrSignIn
from idp.config.recovery import Recovery
from idp.config.registration import Registration as Registration
from idp.config.secret_files import NAMED_BY, SecretFiles, secret_files
from idp.config.sections import Dpop, Lifetimes, Proxy, Requests, Section
from idp.config.sections import StatementIssuer as StatementIssuer
from idp.config.sources import Environment, settings_file
from idp.config.staff import Staff
from idp.config.throttle import Throttle
from idp.config.upstreams import Upstream
from idp.errors import SettingsError

_ISSUER = re.compile(r"[A-Za-z0-9\-._~:/\[\]%]+")
_LAST_PORT = 65535
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class Outbound(Section):
    """Requests that the provider makes itself (back-channel logout, JWK sets)."""

    allow: tuple[str, ...] = Field((), description="`host:port` pairs reachable although private or loopback.")
    timeout: int = Field(5, ge=1, le=30, description="Seconds for one outbound request, all in all.")

    @field_validator("allow")
    @classmethod
    def _pairs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            host, _, port = pair.rpartition(":")
            if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) <= _LAST_PORT:
                message = f"{pair!r} is not host:port"
                raise ValueError(message)
        return tuple(pair.lower() for pair in value)


class Log(Section):
    """Operational logs, on stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe level that is written."
    )
    format: Literal["json", "text", "auto"] = Field(
        "auto", description="`auto`: text on a terminal, JSON lines otherwise."
    )


class Keys(Section):
    """Signing keys."""

    algorithms: tuple[Literal["ES256", "RS256", "PS256", "EdDSA"], ...] = Field(
        ("ES256", "RS256", "PS256", "EdDSA"), description="Algorithms with a key; ES256 and RS256 must be among them."
    )
    encryption: tuple[Literal["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"], ...] = Field(
        ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"),
        description="Algorithms with a key to which clients may encrypt request objects.",
    )
    rotation: int = Field(90 * 86400, ge=2, description="Seconds after which an active key is replaced.")
    drill_address: str = Field(
        "",
        description="Base address at which drills of the emergency read the published key set; empty: the issuer.",
    )

    @field_validator("algorithms")
    @classmethod
    def _required(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not {"ES256", "RS256"} <= set(value):
            message = "ES256 (access tokens) and RS256 (OpenID Connect Core section 15.1) must be among them"
            raise ValueError(message)
        return value


class Settings(BaseSettings):
    """The settings of one deployment."""

    model_config = SettingsConfigDict(
        env_prefix="IDP_", env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    home: Path = Field(
        Path("var"), description="Directory of the embedded database, the master key and temporary state."
    )
    issuer: str = Field(
        "http://localhost:8000",
        description="Issuer URL; immutable after the first start; https unless on loopback. With a path it still needs "
        "a host of its own: pages stand at the root of the host.",
    )
    database_url: str = Field("", description="`postgresql://…`; empty: SQLite in the home directory.")
    database_connections: int = Field(10, ge=4, le=100, description="PostgreSQL connections of one worker process.")
    ephemeral_url: str = Field(
        "",
        description="`redis://…`, `rediss://…`, `unix://…`, `redis+sentinel://…`, `redis+cluster://…`; empty: the database.",
    )
    master_key_file: Path | None = Field(None, description="Master key; empty: `master.key` in the home directory.")
    jwks_max_age: int = Field(900, ge=1, le=86400, description="Cache lifetime in seconds that the JWKS answer states.")
    refresh_grace: int = Field(
        30, ge=0, le=300, description="Seconds in which a rotated refresh token may be presented once more; 0: never."
    )
    signals_wait: int = Field(
        10,
        ge=0,
        le=60,
        description="Seconds for which a department that fetches signals (RFC 8936) may wait for one, less than a proxy in front waits for us; "
        "0: never.",
    )
    status_list_ttl: int = Field(60, ge=1, le=3600, description="Seconds after which a token status list is made anew.")
    session_management: bool = Field(
        default=True, description="Answer `session_state` and the session frame (OpenID Connect Session Management)."
    )
    registration: Registration = Registration()
    mtls_url: str = Field(
        "",
        description="Base URL under which the proxy asks clients for a certificate; empty: the issuer's own. "
        "Announced as `mtls_endpoint_aliases` (RFC 8705 section 5).",
    )
    outbound: Outbound = Outbound()
    proxy: Proxy = Proxy()
    throttle: Throttle = Throttle()
    qr: QrSignIn = QrSignIn()
    recovery: Recovery = Recovery()
    data_rights: DataRights = DataRights()
    dpop: Dpop = Dpop()
    factors: FactorRules = FactorRules()
    log: Log = Log()
    requests: Requests = Requests()
    lifetimes: Lifetimes = Lifetimes()
    keys: Keys = Keys()
    upstreams: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")], Upstream] = Field(
        {}, description="Upstream identity providers by name; see [upstreams](upstreams.md) for the fields of one."
    )
    federation: Federation = Federation()
    audit: Audit = Audit()
    directories: Directories = Directories()
    mail: Mail = Mail()
    sms: Sms = Sms()
    administration: Administration = Administration()
    staff: Staff = Staff()
    security_contacts: tuple[Annotated[str, Field(pattern=r"^(https://|mailto:|tel:)[!-~]+$")], ...] = Field(
        (),
        description="Whom to tell of a weakness, as `https:`, `mailto:` or `tel:` addresses in order of preference; "
        "served as `/.well-known/security.txt` (RFC 9116). Empty: not served.",
    )
    metrics: Metrics = Metrics()
    assistance_roles: tuple[str, ...] = Field(
        (),
        description="Roles of officials that carry the duty to assist citizens in person (`/assist`), at the role's unit.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - ours reads lists as one writes them by hand
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a .env file is not one of our sources
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - it neither nests nor passes over others' files
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return our sources in order of precedence."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=settings_file())
        return init_settings, Environment(settings_cls), SecretFiles(settings_cls), toml

    @field_validator("issuer")
    @classmethod
    def _issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        if not _ISSUER.fullmatch(value) or not parts.hostname or value.endswith("/") or not _is_port(parts):
            message = "must be an absolute URL without query, fragment, user, space or trailing slash"
            raise ValueError(message)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS):
            message = "must be https; plain http passes only on loopback"
            raise ValueError(message)
        return value

    @field_validator("mtls_url")
    @classmethod
    def _mtls_url(cls, value: str) -> str:
        return cls._issuer(value) if value else value

    @model_validator(mode="after")
    def _safe(self) -> Settings:
        if not self.is_loopback and not self.throttle.enabled:
            message = "IDP_THROTTLE__ENABLED=false is refused unless the issuer is on loopback"
            raise ValueError(message)
        if not self.is_loopback and "console" in {self.mail.carrier, self.sms.carrier}:
            message = "IDP_MAIL__CARRIER and IDP_SMS__CARRIER=console write codes into the log: refused unless the issuer is on loopback"
            raise ValueError(message)
        if self.registration.mode == "open" and not (self.is_loopback or self.registration.sandbox):
            message = (
                "IDP_REGISTRATION__MODE=open lets anybody register: refused unless the issuer is on loopback "
                "or IDP_REGISTRATION__SANDBOX=true"
            )
            raise ValueError(message)
        simulated = [name for name, one in self.upstreams.items() if one.is_simulator]
        if simulated and not self.is_loopback:
            message = f"upstreams {', '.join(simulated)}: a simulator is refused unless the issuer is on loopback"
            raise ValueError(message)
        return self

    def shown(self) -> dict[str, Any]:
        """Return the settings as JSON values with passwords inside addresses masked."""
        shown: dict[str, Any] = masked(self.model_dump(mode="json"))
        return shown

    @property
    def has_client_certificates(self) -> bool:
        """Tell whether client certificates can reach us: there is a trusted proxy that may hand them on."""
        return bool(self.proxy.trusted) and self.proxy.client_certificate.lower() != "off"

    @property
    def is_loopback(self) -> bool:
        """Tell whether the issuer is on this machine: development, demo and tests."""
        return urlsplit(self.issuer).hostname in LOOPBACK_HOSTS

    @property
    def is_https(self) -> bool:
        """Tell whether browsers reach the provider by https, so that cookies can be ``Secure``."""
        return self.issuer.startswith("https://")

    @property
    def master_key_path(self) -> Path:
        """Return where the master key lies."""
        return self.master_key_file or self.home / "master.key"

    @property
    def sqlite_path(self) -> Path:
        """Return where the embedded database lies."""
        return self.home / "dinhdanh.sqlite3"


def load(overrides: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check all settings; ``overrides`` come from the command line.

    Raises ``SettingsError`` that names each wrong or unknown setting and what would be right.
    """
    given = {*(environ or os.environ), *secret_files()}
    unknown = sorted(name for name in given if name.startswith("IDP_") and not _known(name))
    if unknown:
        raise SettingsError(
            f"unknown setting {', '.join(unknown)}: see `idp config schema` for the names", field=unknown[0]
        )
    try:
        return Settings(**dict(overrides or {}))
    except ValidationError as error:
        raise SettingsError("; ".join(map(in_words, error.errors()))) from error
    except UnreadableSettings as error:
        raise SettingsError(f"{error}: write groups as JSON") from error
    except TOMLDecodeError as error:
        raise SettingsError(f"{settings_file()} is not TOML: {error}") from error


_CONTROL = frozenset({"IDP_CONFIG", NAMED_BY})


def _known(variable: str) -> bool:
    if variable in _CONTROL:
        return True
    fields = Settings.model_fields
    name, *rest = variable.removeprefix("IDP_").lower().split("__")
    if name not in fields:
        return False
    section = fields[name].annotation
    if not rest:
        return True
    return isinstance(section, type) and issubclass(section, Section) and rest[0] in section.model_fields


def _is_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False
