"""Settings: safe when absent, refused when unknown, unsafe or contradictory, and never shown with a password."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from idp.config import secret_files
from idp.config.settings import load
from idp.errors import SettingsError
from tests.support.settings import loaded, refusal

PUBLIC = "https://id.example.vn"


pytestmark = pytest.mark.usefixtures("empty_place")


def test_absent_settings_are_safe_and_work_on_this_machine_only() -> None:
    settings = load()
    assert settings.is_loopback
    assert settings.throttle.enabled
    assert (settings.outbound.allow, settings.proxy.trusted) == ((), ())
    assert settings.lifetimes.code <= 60
    assert settings.sqlite_path.parent == settings.home == settings.master_key_path.parent


@pytest.mark.parametrize("name", ["IDP_NOPE", "IDP_ISSUR", "IDP_LOG__NOPE", "IDP_HOME__X", "IDP_", "IDP___X"])
def test_unknown_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert name in refusal(monkeypatch, **{name: "1"})


def test_unknown_key_of_the_file_is_refused_by_name(empty_place: Path) -> None:
    (empty_place / "idp.toml").write_text('[log]\nlevle = "info"\n')
    with pytest.raises(SettingsError, match="IDP_LOG__LEVLE: unknown setting"):
        load()


def test_file_is_read_and_the_environment_is_laid_over_it(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "idp.toml").write_text(f'issuer = "{PUBLIC}"\n[log]\nlevel = "warning"\nformat = "json"\n')
    settings = loaded(monkeypatch, IDP_LOG__LEVEL="error")
    assert (settings.issuer, settings.log.level, settings.log.format) == (PUBLIC, "error", "json")
    assert load({"issuer": "https://other.example"}).issuer == "https://other.example"


def test_file_that_is_named_and_missing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a misspelt name would start the provider on its defaults."""
    assert "IDP_CONFIG" in refusal(monkeypatch, IDP_CONFIG="no-such.toml")


def test_named_file_is_read(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "mine.toml").write_text(f'issuer = "{PUBLIC}"\n')
    assert loaded(monkeypatch, IDP_CONFIG=str(empty_place / "mine.toml")).issuer == PUBLIC


def test_file_that_is_not_toml_is_refused(empty_place: Path) -> None:
    (empty_place / "idp.toml").write_text("issuer = \n")
    with pytest.raises(SettingsError):
        load()


@pytest.mark.spec("RFC 8693", "6")
@pytest.mark.spec("RFC 9728", "7.1")
@pytest.mark.spec("RFC 9701", "8.2")
@pytest.mark.spec("RFC 8414", "6.1")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.2")
@pytest.mark.spec("RFC 9126", "2")
@pytest.mark.spec("RFC 7591", "5")
@pytest.mark.spec("RFC 7592", "5")
@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.spec("RFC 8628", "3.1")
@pytest.mark.spec("RFC 6749", "10.8")
@pytest.mark.spec("RFC 6749", "10.11")
@pytest.mark.spec("RFC 6750", "5.2")
@pytest.mark.spec("RFC 7009", "2")
@pytest.mark.spec("RFC 7521", "4")
@pytest.mark.spec("RFC 8936", "4.3")
@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.spec("RFC 6749", "10.9")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.2.1")
@pytest.mark.parametrize("host", ["id.example.vn", "127.0.0.1.example.vn", "localhost.example.vn", "10.0.0.1", "[::2]"])
def test_a_public_issuer_in_clear_is_refused_and_the_same_by_tls_is_taken(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    assert "IDP_ISSUER" in refusal(monkeypatch, IDP_ISSUER=f"http://{host}")
    assert loaded(monkeypatch, IDP_ISSUER=f"https://{host}").issuer == f"https://{host}"


@pytest.mark.spec("RFC 8414", "3")
@pytest.mark.parametrize(
    "issuer",
    [
        PUBLIC,
        f"{PUBLIC}/path",
        f"{PUBLIC}:8443",
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
        "https://xn--nh-lia.example.vn",
    ],
)
@pytest.mark.spec("OIDC Discovery", "3")
def test_issuer_may_be_https_or_on_loopback(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    assert loaded(monkeypatch, IDP_ISSUER=issuer).issuer == issuer


@pytest.mark.spec("RFC 8417", "1.1")
@pytest.mark.spec("RFC 8414", "3.1")
@pytest.mark.spec("OIDC Registration", "9")
@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.spec("RFC 6749", "3.1")
@pytest.mark.spec("OIDC Core", "16.17")
@pytest.mark.spec("OIDC Discovery", "7.1")
@pytest.mark.parametrize(
    "issuer",
    [
        "ftp://localhost",
        "id.example.vn",
        "https://",
        "https:///path",
        f"{PUBLIC}/",
        f"{PUBLIC}?x=1",
        f"{PUBLIC}?",
        f"{PUBLIC}#",
        f"{PUBLIC}#x",
        "https://user@id.example.vn",
        "https://@id.example.vn",
        "https://user:secret@id.example.vn",
        f"{PUBLIC}:99999",
        f"{PUBLIC}:0",
        f"{PUBLIC}:x",
        f" {PUBLIC}",
        f"{PUBLIC}\n",
        "https://id.exa mple.vn",
        "https://định-danh.vn",
        "https://id.example.vn\\@evil.example",
    ],
)
@pytest.mark.spec("OIDC Discovery", "3")
def test_issuer_of_another_shape_is_refused(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    assert "IDP_ISSUER" in refusal(monkeypatch, IDP_ISSUER=issuer)


def test_throttle_may_be_off_on_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not loaded(monkeypatch, IDP_THROTTLE__ENABLED="false").throttle.enabled
    assert "IDP_THROTTLE__ENABLED" in refusal(monkeypatch, IDP_ISSUER=PUBLIC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDP_LIFETIMES__CODE", "9"),
        ("IDP_LIFETIMES__CODE", "601"),
        ("IDP_LIFETIMES__ACCESS_TOKEN", "3601"),
        ("IDP_LIFETIMES__SESSION", "x"),
        ("IDP_REFRESH_GRACE", "301"),
        ("IDP_REFRESH_GRACE", "-1"),
        ("IDP_JWKS_MAX_AGE", "0"),
        ("IDP_OUTBOUND__TIMEOUT", "31"),
        ("IDP_OUTBOUND__ALLOW", '["host"]'),
        ("IDP_OUTBOUND__ALLOW", '["host:99999"]'),
        ("IDP_OUTBOUND__ALLOW", '["host:0"]'),
        ("IDP_OUTBOUND__ALLOW", '["host:१२"]'),
        ("IDP_OUTBOUND__ALLOW", '[":80"]'),
        ("IDP_PROXY__TRUSTED", '["10.0.0.0/8", "proxy"]'),
        ("IDP_KEYS__ALGORITHMS", '["ES256"]'),
        ("IDP_KEYS__ALGORITHMS", '["ES256", "RS256", "none"]'),
        ("IDP_KEYS__ALGORITHMS", '["ES256", "RS256", "HS256"]'),
        ("IDP_LOG__LEVEL", "loud"),
    ],
)
def test_value_out_of_bounds_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    assert name in refusal(monkeypatch, **{name: value})


@pytest.mark.parametrize("name", ["IDP_OUTBOUND__ALLOW", "IDP_LIFETIMES", "IDP_LOG", "IDP_KEYS__ALGORITHMS"])
def test_list_or_group_that_is_not_json_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The library's own error would have ended the process with a traceback."""
    assert name.removeprefix("IDP_").split("__")[0].lower() in refusal(monkeypatch, **{name: "a,b"}).lower()


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal(monkeypatch, IDP_ISSUER="x", IDP_REFRESH_GRACE="-1", IDP_LOG__LEVEL="loud")
    assert all(name in said for name in ("IDP_ISSUER", "IDP_REFRESH_GRACE", "IDP_LOG__LEVEL"))


def test_refusal_does_not_repeat_what_may_be_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hunter2" not in refusal(monkeypatch, IDP_ISSUER="https://u:hunter2@id.example.vn")


SECRETS = [
    ("IDP_DATABASE_URL", "postgresql://idp:hunter2@db/idp"),
    ("IDP_DATABASE_URL", "postgresql://idp:hun@hunter2@db/idp"),
    ("IDP_DATABASE_URL", "postgresql://db/idp?user=idp&password=hunter2&sslmode=require"),
    ("IDP_DATABASE_URL", "postgresql://db/idp?sslpassword=hunter2"),
    ("IDP_EPHEMERAL_URL", "redis://:hunter2@cache:6379/0"),
    ("IDP_EPHEMERAL_URL", "unix:///run/redis.sock?password=hunter2"),
]


@pytest.mark.parametrize(("name", "url"), SECRETS)
def test_shown_settings_hold_no_password(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    settings = loaded(monkeypatch, **{name: url})
    field = name.removeprefix("IDP_").lower()
    assert getattr(settings, field) == url
    assert "hunter2" not in str(settings.shown())
    assert "***" in settings.shown()[field]


def test_address_without_a_password_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, IDP_DATABASE_URL="postgresql://db:5432/idp?sslmode=require")
    assert settings.shown()["database_url"] == "postgresql://db:5432/idp?sslmode=require"


def test_settings_do_not_change_after_the_start() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().issuer = PUBLIC  # type: ignore[misc]


def test_secret_files_lie_between_the_environment_and_the_file(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_place / "idp.toml").write_text(
        "jwks_max_age = 1\nrefresh_grace = 1\nsignals_wait = 1\n[lifetimes]\ncode = 10\n"
    )
    place = empty_place / "secrets"
    place.mkdir()
    (place / "idp_database_url").write_text("postgresql://idp:hunter2@db/idp\n")
    (place / "IDP_JWKS_MAX_AGE").write_text("2")
    (place / "IDP_REFRESH_GRACE").write_text("2")
    (place / "IDP_LIFETIMES__CODE").write_text("20\n")
    (place / "pgpass").write_text("somebody else's")
    settings = loaded(monkeypatch, IDP_SECRETS_DIR=str(place), IDP_JWKS_MAX_AGE="3")
    assert settings.database_url == "postgresql://idp:hunter2@db/idp"
    assert (settings.jwks_max_age, settings.refresh_grace, settings.signals_wait) == (3, 2, 1)
    assert settings.lifetimes.code == 20
    assert "hunter2" not in str(settings.shown())


def test_credentials_of_the_init_system_are_secret_files(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "IDP_ISSUER").write_text(PUBLIC)
    assert loaded(monkeypatch, CREDENTIALS_DIRECTORY=str(empty_place)).issuer == PUBLIC


@pytest.mark.parametrize("content", [b"\xff\xfe", b"1" * 70_000])
def test_secret_file_that_cannot_be_read_is_refused_by_name(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (empty_place / "IDP_JWKS_MAX_AGE").write_bytes(content)
    said = refusal(monkeypatch, IDP_SECRETS_DIR=str(empty_place))
    assert "IDP_JWKS_MAX_AGE" in said
    assert "1111" not in said


def test_unknown_secret_file_and_a_directory_that_is_none_are_refused(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_place / "idp_databse_url").write_text("postgresql://idp:hunter2@db/idp")
    said = refusal(monkeypatch, IDP_SECRETS_DIR=str(empty_place))
    assert "IDP_DATABSE_URL" in said
    assert "hunter2" not in said
    assert "IDP_SECRETS_DIR" in refusal(monkeypatch, IDP_SECRETS_DIR=str(empty_place / "nothing"))


@pytest.mark.parametrize("method", ["is_dir", "iterdir", "is_file", "open"])
def test_secrets_that_this_user_may_not_read_are_refused_with_the_place_and_the_fix(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Refused by the system's own error at each step: the tests may run as root, to whom no directory is shut."""
    (empty_place / "IDP_JWKS_MAX_AGE").write_text("3")

    def shut(path: Path, *_: object) -> object:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(secret_files, "_MOUNTED", str(empty_place))
    with monkeypatch.context() as only_here:
        only_here.setattr(Path, method, shut)
        with pytest.raises(SettingsError) as caught:
            secret_files.secret_files()
    said = str(caught.value)
    assert f"{empty_place}" in said
    assert f"uid {os.geteuid()}" in said
    assert "let this user" in said
    assert caught.value.field == ("IDP_JWKS_MAX_AGE" if method == "open" else "IDP_SECRETS_DIR")


def test_directory_of_secrets_that_is_not_there_is_no_fault(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_files, "_MOUNTED", str(empty_place / "nothing"))
    assert load().jwks_max_age == 900
