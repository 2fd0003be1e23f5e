"""Whatever comes in: a registration is accepted or refused in its own terms, a redirect URI is a registered one."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from clients import metadata
from clients.documents import from_document, to_document, to_metadata
from clients.errors import RegistrationRefused
from clients.metadata import FIELDS
from clients.redirects import form_action_origin, matches
from clients.uris import redirect_fault
from tests.support.memory_clients import MemoryClients, department, make_registry

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
PARTS = st.sampled_from(
    (
        *("https", "http", "vn.example.app", "a.example", "127.0.0.1", "[::1]", "localhost", ":80", ":443", "callback"),
        *(
            ":",
            "/",
            "//",
            "@",
            "\\",
            "#",
            "?",
            "%2e",
            "%0d%0a",
            "..",
            ".",
            ";",
            ",",
            "\r\n",
            "\t",
            " ",
            "*",
            "ộ",
            "code=1",
        ),
    )
)
URIS = st.text() | st.lists(PARTS, max_size=10).map("".join)
NAMES = st.sampled_from([*FIELDS, "client_id", "client_secret", "sector", "client_name#vi", "client_name#en"])
PLAIN = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=60)
REGISTRATIONS = st.fixed_dictionaries(
    {
        "client_name": st.fixed_dictionaries({"vi": PLAIN}, optional={"en": PLAIN}),
        "unit": st.from_regex(r"[0-9]{2,5}", fullmatch=True),
        "legal_basis": st.sampled_from(metadata.LEGAL_BASES),
        "purpose": st.fixed_dictionaries({"vi": PLAIN}, optional={"en": PLAIN}),
        "redirect_uris": st.lists(
            st.sampled_from(["https://a.example/", "https://b.example/x?y=z", "http://[::1]:8/c"]),
            min_size=1,
            unique=True,
        ),
    },
    optional={
        "application_type": st.sampled_from(metadata.APPLICATION_TYPES),
        "scope": st.sets(st.sampled_from(metadata.SCOPES)).map(lambda found: " ".join({"openid", *found})),
        "subject_type": st.sampled_from(metadata.SUBJECT_TYPES),
        "id_token_signed_response_alg": st.sampled_from(metadata.SIGNING_ALGS),
        "default_acr_values": st.lists(st.sampled_from(metadata.ACR_VALUES), unique=True),
        "default_max_age": st.integers(0, 86400),
        "contacts": st.lists(PLAIN, max_size=3, unique_by=str.lower),
        "require_auth_time": st.booleans(),
        "accept_trusted_devices": st.booleans(),
        "backchannel_logout_uri": st.just("https://a.example/logout"),
    },
)


def parse(document: object) -> metadata.Registration | RegistrationRefused:
    """Return the registration or its refusal; nothing else may come out."""
    try:
        return metadata.parse(document)
    except RegistrationRefused as refused:
        return refused


@given(JSON)
def test_any_json_is_accepted_or_refused_in_its_own_terms(document: object) -> None:
    parse(document)


@given(st.dictionaries(NAMES, JSON | URIS | st.lists(URIS), max_size=6))
def test_any_value_of_any_field_is_accepted_or_refused_with_the_field_named(changes: dict[str, Any]) -> None:
    result = parse({**department(), **changes})
    if isinstance(result, RegistrationRefused):
        assert result.errors
        for fault in result.errors:
            assert fault.field.partition("[")[0].partition(".")[0] in FIELDS
            assert fault.reason
            assert fault.detail.isprintable()
    else:
        assert set(result.values) == set(FIELDS)


@given(st.dictionaries(NAMES, JSON, max_size=6))
def test_an_operators_registration_never_ends_in_another_error(changes: dict[str, Any]) -> None:
    repository = MemoryClients()
    try:
        client, _, _ = make_registry(repository).register({**department(), **changes}, is_operator=True)
    except RegistrationRefused:
        assert not repository.clients
    else:
        assert from_document(orjson.loads(orjson.dumps(to_document(client)))) == client


@given(REGISTRATIONS)
def test_a_client_comes_back_whole_from_the_store_and_the_same_from_what_is_shown(document: dict[str, Any]) -> None:
    client, _, _ = make_registry(MemoryClients()).register(document, is_operator=True)
    assert from_document(orjson.loads(orjson.dumps(to_document(client)))) == client
    shown = orjson.loads(orjson.dumps(to_metadata(client)))
    assert metadata.parse(shown).values == metadata.parse(document).values


@given(st.lists(URIS, max_size=6), URIS)
def test_a_match_of_a_web_client_is_equality(registered: list[str], asked: str) -> None:
    good = [uri for uri in dict.fromkeys(registered) if redirect_fault(uri, "web") is None]
    client, _, _ = make_registry(MemoryClients()).register(
        department(redirect_uris=["https://a.example/callback", *good]), is_operator=True
    )
    assert matches(client, asked) == (asked in {"https://a.example/callback", *good})


@given(URIS, st.integers(-1, 70_000))
def test_a_match_of_a_native_client_is_equality_but_for_the_port(asked: str, port: int) -> None:
    client, _, _ = make_registry(MemoryClients()).register(
        department(application_type="native", redirect_uris=["http://127.0.0.1/callback", "vn.example.app:/callback"]),
        is_operator=True,
    )
    assert matches(client, f"http://127.0.0.1:{port}/callback") == (1 <= port <= 65535)
    if matches(client, asked):
        start, _, rest = asked.removeprefix("http://127.0.0.1").partition("/")
        assert asked == "vn.example.app:/callback" or (start.lstrip(":").isdigit() or not start)
        assert asked == "vn.example.app:/callback" or rest == "callback"


@given(URIS, st.sampled_from(metadata.APPLICATION_TYPES))
def test_a_registered_address_cannot_write_into_a_header_or_a_policy(uri: str, application_type: str) -> None:
    if redirect_fault(uri, application_type) is None:
        assert uri.isascii()
        assert uri.isprintable()
        assert not set(uri) & set(' \\#*"<>')
        assert not set(form_action_origin(uri)) & set(" ;,'\"")
