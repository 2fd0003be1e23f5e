"""Forms with a file: read as one reader reads them, and refused where two could differ."""

from __future__ import annotations

import pytest

from idp.protocol.errors import InvalidRequest
from idp.protocol.wire import WireRequest
from idp.web.multipart import is_multipart, multipart_fields

BOUNDARY = "----mau"


def form(body: bytes, content_type: str = f"multipart/form-data; boundary={BOUNDARY}") -> WireRequest:
    return WireRequest("POST", "/", "", body, content_type, "192.0.2.1", {}, "X")


def part(disposition: str, content: bytes) -> bytes:
    return b"------mau\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"------mau--\r\n"


def test_fields_and_files_are_read_with_the_files_own_name() -> None:
    sent = body(
        part('form-data; name="csrf_token"', b"t"),
        part('form-data; name="document"; filename="C:\\tam\\sắp xếp.json"'.replace("\\", "/"), "ô\r\nb".encode()),
    )
    assert multipart_fields(form(sent)) == {
        "csrf_token": ("t",),
        "document": ("ô\r\nb",),
        "document.filename": ("sắp xếp.json",),
    }


def test_content_that_looks_like_a_boundary_within_a_line_stays_content() -> None:
    sent = body(part('form-data; name="a"', b"x ------mau-- y"))
    assert multipart_fields(form(sent))["a"] == ("x ------mau-- y",)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"------mau--\r\n"[:4],
        body(part('form-data; name="a"', b"1"), part('form-data; name="a"', b"2")),
        body(part("form-data", b"1")),
        body(part('attachment; name="a"', b"1")),
        part('form-data; name="a"', b"1"),
        body(*(part(f'form-data; name="{number}"', b"1") for number in range(17))),
        body(part('form-data; name="a"', b"\xff")),
        body(b"------mau\r\nno head"),
    ],
)
def test_what_is_cut_off_doubled_or_no_text_is_refused(sent: bytes) -> None:
    with pytest.raises(InvalidRequest):
        multipart_fields(form(sent))


def test_form_without_a_boundary_is_refused_and_another_body_is_none() -> None:
    with pytest.raises(InvalidRequest):
        multipart_fields(form(body(), "multipart/form-data"))
    assert not is_multipart(form(b"", "application/x-www-form-urlencoded"))


def test_control_characters_are_refused_as_in_every_form_but_files_may_have_tabs() -> None:
    for sent in (
        body(part('form-data; name="a"', b"x\0y")),
        body(part('form-data; name="a"; filename="x\0.json"', b"{}")),
    ):
        with pytest.raises(InvalidRequest):
            multipart_fields(form(sent))
    assert multipart_fields(form(body(part('form-data; name="a"', b"{\t}\r\n"))))["a"] == ("{\t}\r\n",)


def test_a_field_that_is_called_like_the_name_of_a_file_is_not_taken_for_it() -> None:
    named, file = part('form-data; name="a.filename"', b"x.json"), part('form-data; name="a"; filename="y.csv"', b"{}")
    for sent in (body(named, file), body(file, named)):
        with pytest.raises(InvalidRequest):
            multipart_fields(form(sent))
