"""Whatever is sent to the token side, it is never an error of ours: no answer of 500 and more, and always JSON with a reason."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.model.session import Session
from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.token_world import FORM, GRANTS, REDIRECT, VERIFIER, Registered, TokenWorld

PATHS = ("/token", "/introspect", "/revoke", "/userinfo", "/jwks", "/.well-known/openid-configuration")
NAMES = (
    *("grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "client_id", "client_secret"),
    *("token", "token_type_hint", "access_token", "resource", "assertion", ""),
)

Stage = tuple[TokenWorld, Registered, Session]


@pytest.fixture(scope="module")
def stage(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Yield one deployment for all examples."""
    home = tmp_path_factory.mktemp("fuzz")
    database = SqliteDatabase(Path(shutil.copy(sqlite_template, home / "dinhdanh.sqlite3")))
    world = TokenWorld(home, database, FrozenClock())
    yield world, world.add_client(), world.sign_in(world.add_person())
    database.close()


texts = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [*GRANTS, "openid", "rt_" + "A" * 83, "A" * 500, REDIRECT, VERIFIER, "a.b.c", "%00", "\x00", "\ud7ff"]
    ),
)
headers = st.one_of(
    st.just(""),
    st.text(st.characters(max_codepoint=255), max_size=80),
    st.binary(max_size=60).map(lambda raw: "Basic " + base64.b64encode(raw).decode()),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=80).map(lambda text: f"Bearer {text}"),
)
limits = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def check(world: TokenWorld, method: str, path: str, body: bytes, authorization: str, content_type: str = FORM) -> None:
    """Send and check."""
    answer = world.send(method, path, body, authorization, CONTENT_TYPE=content_type)
    assert answer.status < 500, answer.body
    if answer.status >= 400 and answer.body:
        assert answer.json["error"]


@limits
@given(
    path=st.sampled_from(PATHS),
    method=st.sampled_from(["POST", "GET", "HEAD", "OPTIONS", "PUT"]),
    form=st.lists(st.tuples(st.sampled_from(NAMES), texts), max_size=8),
    authorization=headers,
)
def test_any_parameters_with_any_credential(
    stage: Stage, path: str, method: str, form: list[tuple[str, str]], authorization: str
) -> None:
    check(stage[0], method, path, urlencode(form).encode(), authorization)


@limits
@given(
    path=st.sampled_from(PATHS),
    body=st.binary(max_size=200),
    content_type=st.sampled_from([FORM, "", "x", f"{FORM};x"]),
)
def test_any_bytes_from_a_client_that_proved_itself(stage: Stage, path: str, body: bytes, content_type: str) -> None:
    world, client, _ = stage
    check(world, "POST", path, body, client.basic, content_type)


@limits
@given(grant=st.sampled_from([*GRANTS, ""]), form=st.dictionaries(st.sampled_from(NAMES[1:]), texts, max_size=6))
def test_any_parameters_to_each_grant(stage: Stage, grant: str, form: dict[str, str]) -> None:
    world, client, _ = stage
    own = {name: value for name, value in form.items() if not name.startswith("client")}
    check(world, "POST", "/token", urlencode({**own, "grant_type": grant}).encode(), client.basic)


@limits
@given(name=st.sampled_from(["code", "redirect_uri", "code_verifier"]), raw=st.binary(min_size=1, max_size=120))
def test_any_value_in_a_redemption_that_is_right_but_for_it(stage: Stage, name: str, raw: bytes) -> None:
    world, client, session = stage
    right = {"code": world.code(client, session), "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    rest = urlencode({"grant_type": "authorization_code", **{key: right[key] for key in right if key != name}})
    answer = world.post("/token", f"{rest}&{name}={quote_from_bytes(raw)}", client.basic)
    assert answer.status == 400
    assert answer.json["error"] in {"invalid_grant", "invalid_request"}


@limits
@given(position=st.integers(0, 600), replacement=st.characters(max_codepoint=127))
def test_no_changed_token_or_code_passes(stage: Stage, position: int, replacement: str) -> None:
    world, client, session = stage
    tokens = world.tokens(client, session)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        at = position % len(token)
        changed = token[:at] + replacement + token[at + 1 :]
        if changed != token:
            assert world.userinfo(changed).status in {400, 401}
            assert world.introspect(client, changed).json.get("active") is not True
            assert world.refresh(client, changed).status == 400
