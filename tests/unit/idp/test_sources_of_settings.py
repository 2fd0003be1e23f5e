"""Settings are read as one writes them by hand: lists with commas, a file beside the database, faults without a library's words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from idp.config.origins import effective
from idp.config.settings import load
from tests.support.settings import loaded, refusal

PUBLIC = "https://id.example.vn"


pytestmark = pytest.mark.usefixtures("empty_place")


@pytest.mark.parametrize("form", ["{0},{1}", "{0}, {1}", "{0} {1}", " {0},\n{1},", '["{0}", "{1}"]'])
def test_list_in_the_environment_is_words_with_commas_or_json(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    pairs, addresses = ("lgsp.local:9000", "[::1]:9001"), ("10.0.0.1", "172.30.0.0/24")
    settings = loaded(monkeypatch, IDP_OUTBOUND__ALLOW=form.format(*pairs), IDP_PROXY__TRUSTED=form.format(*addresses))
    assert (settings.outbound.allow, settings.proxy.trusted) == (pairs, addresses)


@pytest.mark.parametrize("one", ["[::1]:9001", "lgsp.local:9000", '["lgsp.local:9000"]'])
def test_list_of_one_is_a_list(monkeypatch: pytest.MonkeyPatch, one: str) -> None:
    allowed = loaded(monkeypatch, IDP_OUTBOUND__ALLOW=one).outbound.allow
    assert allowed == (one.strip('["]') if one.startswith('["') else one,)


@pytest.mark.parametrize("empty", ["", "[]", " ", ","])
def test_empty_list_is_empty(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    assert loaded(monkeypatch, IDP_PROXY__TRUSTED=empty).proxy.trusted == ()


def test_list_at_the_top_and_in_a_secret_file_is_read_alike(monkeypatch: pytest.MonkeyPatch, empty_place: Path) -> None:
    (empty_place / "idp_outbound__allow").write_text("lgsp.local:9000,lgsp.local:9001\n")
    monkeypatch.setenv("IDP_SECRETS_DIR", str(empty_place))
    settings = loaded(monkeypatch, IDP_SECURITY_CONTACTS="mailto:a@example.vn,https://example.vn/report")
    assert settings.security_contacts == ("mailto:a@example.vn", "https://example.vn/report")
    assert settings.outbound.allow == ("lgsp.local:9000", "lgsp.local:9001")
    rows = {one.name: one for one in effective(settings)}
    assert (rows["IDP_OUTBOUND__ALLOW"].origin, rows["IDP_SECURITY_CONTACTS"].origin) == ("secret_file", "environment")


@pytest.mark.parametrize("broken", ['["10.0.0.1"', "[10.0.0.1]", '"10.0.0.1'])
def test_list_that_is_neither_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    assert "IDP_PROXY__TRUSTED: write the words with commas" in refusal(monkeypatch, IDP_PROXY__TRUSTED=broken)


def test_wrong_word_of_a_list_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "IDP_OUTBOUND__ALLOW: 'b' is not host:port" in refusal(monkeypatch, IDP_OUTBOUND__ALLOW="a:80,b")


def test_list_of_groups_stays_json(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"issuer": "https://a.example", "jwks_file": "a.json", "unit": "48", "purpose": {"vi": "Thử"}}
    settings = loaded(monkeypatch, IDP_REGISTRATION__STATEMENT_ISSUERS=json.dumps([one]))
    assert [issuer.issuer for issuer in settings.registration.statement_issuers] == ["https://a.example"]


def test_file_of_settings_beside_the_database_counts(monkeypatch: pytest.MonkeyPatch, empty_place: Path) -> None:
    home = empty_place / "home"
    home.mkdir()
    (home / "idp.toml").write_text("refresh_grace = 7\n")
    settings = loaded(monkeypatch, IDP_HOME=str(home))
    assert settings.refresh_grace == 7
    assert {one.origin for one in effective(settings) if one.name == "IDP_REFRESH_GRACE"} == {"file"}
    (home / "idp.toml").write_text("refresh_grac = 7\n")
    assert "IDP_REFRESH_GRAC: unknown setting" in refusal(monkeypatch)
    (home / "idp.toml").write_text("refresh_grace =\n")
    assert f"{home / 'idp.toml'} is not TOML" in refusal(monkeypatch)


def test_file_in_the_default_home_counts(empty_place: Path) -> None:
    (empty_place / "var").mkdir()
    (empty_place / "var" / "idp.toml").write_text("refresh_grace = 7\n")
    assert load().refresh_grace == 7


def test_two_files_of_settings_are_refused_unless_one_is_named(
    monkeypatch: pytest.MonkeyPatch, empty_place: Path
) -> None:
    """Whichever were passed over, somebody wrote it and believes in it."""
    home = empty_place / "home"
    home.mkdir()
    (home / "idp.toml").write_text("refresh_grace = 7\n")
    (empty_place / "idp.toml").write_text("refresh_grace = 8\n")
    said = refusal(monkeypatch, IDP_HOME=str(home))
    assert str(home / "idp.toml") in said
    assert str(empty_place / "idp.toml") in said
    assert loaded(monkeypatch, IDP_CONFIG="idp.toml").refresh_grace == 8
    monkeypatch.delenv("IDP_CONFIG")
    assert loaded(monkeypatch, IDP_HOME=str(empty_place)).refresh_grace == 8, "one file by two ways is one"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"IDP_ISSUER": "http://id.example.vn"}, "IDP_ISSUER: must be https"),
        ({"IDP_ISSUER": PUBLIC, "IDP_THROTTLE__ENABLED": "false"}, "IDP_THROTTLE__ENABLED=false is refused"),
        ({"IDP_ISSUER": PUBLIC, "IDP_REGISTRATION__MODE": "open"}, "IDP_REGISTRATION__MODE=open lets anybody"),
    ],
)
def test_faults_are_told_in_our_words_alone(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    assert refusal(monkeypatch, **variables).startswith(said)
