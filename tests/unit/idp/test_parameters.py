"""Request parameters: parsed once, bounded, no name twice."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.errors import InvalidRequest
from idp.protocol.parameters import FORM, form_fields, form_parameters, parse, query_parameters
from idp.protocol.wire import MAX_BODY, MAX_QUERY, WireRequest


def wire_request(method: str = "GET", query: str = "", body: bytes = b"", content_type: str = "") -> WireRequest:
    """Return a request."""
    return WireRequest(method, "/authorize", query, body, content_type, "192.0.2.1", {}, "CASE0001")


def reason_of(text: str) -> str:
    """Return why a text is refused."""
    with pytest.raises(InvalidRequest) as caught:
        parse(text)
    return caught.value.reason


READ = [
    ("", {}),
    ("a=1&b=2", {"a": "1", "b": "2"}),
    ("a=x+y%20z", {"a": "x y z"}),
    ("a=%C4%90%E1%BB%8Bnh+Danh", {"a": "Định Danh"}),
    ("a=b=c", {"a": "b=c"}),
    ("a=1&&b=2&", {"a": "1", "b": "2"}),
    ("=value&a=1", {"a": "1"}),
    ("%61=1", {"a": "1"}),
    ("a=%2526", {"a": "%26"}),
    ("a=1;b=2", {"a": "1;b=2"}),
    ("a=100%", {"a": "100%"}),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_parameters_are_decoded_once(text: str, expected: dict[str, str]) -> None:
    assert parse(text) == expected


@pytest.mark.spec("RFC 6749", "3.1")
@pytest.mark.parametrize("text", ["a=&b=2", "a&b=2"])
def test_parameter_without_a_value_is_as_if_it_were_omitted(text: str) -> None:
    assert parse(text) == {"b": "2"}


@pytest.mark.spec("RFC 6749", "3.1")
@pytest.mark.parametrize("text", ["a=1&a=2", "a=1&a=1", "a=1&%61=2", "a=1&a=", "a&a", "a=1&b=2&+=3&a=4"])
def test_parameter_that_appears_twice_is_refused(text: str) -> None:
    """The attack: client and server each read another one."""
    assert reason_of(text) == "duplicate_parameter"


@pytest.mark.parametrize("text", ["a=%FF", "a=%C4", "%FF=1", "a=%ED%A0%80"])
def test_text_that_is_not_utf8_is_refused(text: str) -> None:
    assert reason_of(text) == "encoding"


@pytest.mark.parametrize("text", ["a=%00", "a=%0D%0AX:1", "a=%7F", "%09=1", "a=x\ny", "a=%1B"])
def test_control_character_is_refused(text: str) -> None:
    assert reason_of(text) == "control_character"


def test_number_of_parameters_is_bounded() -> None:
    assert len(parse("&".join(f"p{n}=1" for n in range(64)))) == 64
    assert reason_of("&".join(f"p{n}=1" for n in range(65))) == "too_many_parameters"
    assert reason_of("&" * 10_000) == "too_many_parameters"


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_error_names_the_parameter_in_allowed_characters_only() -> None:
    """RFC 6749 section 4.1.2.1 allows few characters in error_description."""
    with pytest.raises(InvalidRequest) as caught:
        parse('"><script>%22\u202e=1&"><script>%22\u202e=2')
    assert caught.value.description.isascii()
    assert not set(caught.value.description) & set('"\\<>')


def test_query_is_bounded() -> None:
    assert query_parameters(wire_request(query="a=" + "x" * (MAX_QUERY - 2)))["a"][:1] == "x"
    with pytest.raises(InvalidRequest) as caught:
        query_parameters(wire_request(query="a=" + "x" * (MAX_QUERY - 1)))
    assert caught.value.reason == "query_too_long"


def test_body_is_bounded() -> None:
    assert form_parameters(posted(b"a=" + b"x" * (MAX_BODY - 2)))["a"][:1] == "x"
    with pytest.raises(InvalidRequest) as caught:
        form_parameters(posted(b"a=" + b"x" * (MAX_BODY - 1)))
    assert caught.value.reason == "body_too_long"


def posted(body: bytes, content_type: str = FORM, query: str = "") -> WireRequest:
    """Return a POST of a form."""
    return wire_request(method="POST", query=query, body=body, content_type=content_type)


@pytest.mark.spec("RFC 6749", "4.1.3")
@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=UTF-8", FORM.upper(), f" {FORM} ;x"])
def test_form_is_read_whatever_stands_beside_its_type(content_type: str) -> None:
    assert form_parameters(posted(b"a=1", content_type)) == {"a": "1"}


@pytest.mark.spec("RFC 6749", "4.1.3")
@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data", "text/plain", f"x{FORM}"])
def test_body_of_another_type_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        form_parameters(posted(b"a=1", content_type))
    assert caught.value.reason == "content_type"


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_query_beside_a_form_counts_for_nothing() -> None:
    assert form_parameters(posted(b"a=1", query="client_secret=x")) == {"a": "1"}


def test_body_that_is_not_ascii_is_refused() -> None:
    with pytest.raises(InvalidRequest) as caught:
        form_parameters(posted("a=Định".encode()))
    assert caught.value.reason == "encoding"


def test_own_page_may_repeat_a_name() -> None:
    assert form_fields(posted(b"claim=name&claim=email&empty=")) == {"claim": ("name", "email"), "empty": ("",)}


printable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)


@given(st.dictionaries(printable, printable, max_size=20), st.sampled_from([quote, quote_plus]))
def test_what_was_encoded_is_read_back(values: dict[str, str], how: object) -> None:
    assert parse(urlencode(values, quote_via=how)) == values  # type: ignore[arg-type]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_and_agrees_with_the_standard_library(text: str) -> None:
    try:
        found = parse(text)
    except InvalidRequest:
        return
    assert found.items() <= dict(parse_qsl(text, max_num_fields=10_000)).items()
