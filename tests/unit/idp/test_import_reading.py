"""Reading an import file: exact places, both formats, and unreadable records that cost one line."""

from __future__ import annotations

import io

import orjson
import pytest

from idp.errors import InvalidInput
from idp.services.account_import.lines import LONGEST
from idp.services.account_import.reading import open_source
from idp.services.account_import.records import Record

HEADER = b"code_type,code,name,address_formatted\n"


def read(data: bytes) -> list[Record]:
    source = open_source(io.BytesIO(data))
    return list(source.records(*source.start))


def codes(data: bytes) -> list[object]:
    return [record.fault.reason if record.fault else record.values["code"] for record in read(data)]


def test_rows_know_their_lines_and_where_the_next_one_begins() -> None:
    data = HEADER + b'cccd,1,A,"x\ny"\n\ncccd,2,B,z\n'
    first, second = read(data)
    assert (first.line, first.next_line, first.next_offset) == (2, 3, len(HEADER) + 15)
    assert (second.line, second.next_offset) == (5, len(data))
    assert first.values["address_formatted"] == "x\ny"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("delimiter", [b",", b";", b"\t"])
def test_what_spreadsheets_write_is_read(mark: bytes, end: bytes, delimiter: bytes) -> None:
    lines = [b"code_type,code,name", "cccd,1,Nguyễn Văn Mẫu".encode(), b"cccd,2,B"]
    data = mark + end.join(line.replace(b",", delimiter) for line in lines)
    assert [record.values["name"] for record in read(data)] == ["Nguyễn Văn Mẫu", "B"]


def test_an_unclosed_quote_costs_one_line() -> None:
    data = HEADER + b'cccd,1,A,a\ncccd,2,"B,b\ncccd,3,C,c\ncccd,4,"D",d\ncccd,5,E,e\n'
    assert codes(data) == ["1", "malformed_csv", "3", "4", "5"]


def test_an_unclosed_quote_at_the_end_of_a_long_file_costs_one_line_too() -> None:
    rows = b"".join(b"cccd,%d,A,a\n" % number for number in range(30_000))
    assert codes(HEADER + b'cccd,x,"A,a\n' + rows) == ["malformed_csv", *map(str, range(30_000))]


def test_a_record_of_many_lines_is_bounded() -> None:
    cell = b'"' + b"x" * 99_000 + b'\n"'
    data = HEADER + b",".join([cell] * 4) + b"\ncccd,3,C,c\n"
    assert codes(data)[0] == "record_too_long"
    assert codes(data)[-1] == "3"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"cccd,2,B", "wrong_columns"),
        (b"cccd,2,B,b,c", "wrong_columns"),
        (b"cccd,2,\xff,b", "not_utf8"),
        (b'cccd,2,"B"x,b', "malformed_csv"),
        (b"cccd,2,B," + b"x" * LONGEST, "line_too_long"),
    ],
)
def test_an_unreadable_row_is_named_and_reading_goes_on(row: bytes, reason: str) -> None:
    data = HEADER + b"cccd,1,A,a\n" + row + b"\ncccd,3,C,c\n"
    assert codes(data) == ["1", reason, "3"]
    fault = read(data)[1]
    assert fault.line == 3
    assert fault.raw.startswith("cccd,2")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"", "missing_column"),
        (b"code_type,code\n", "missing_column"),
        (b"code_type,code,name,shoe_size\n", "unknown_column"),
        (b"code_type,code,name,name\n", "duplicate_column"),
        ("code_type,code,name".encode("utf-16"), "not_utf8"),
    ],
)
def test_a_wrong_header_refuses_the_file(header: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        open_source(io.BytesIO(header))
    assert (caught.value.field, caught.value.code) == ("header", reason)


def test_columns_of_a_file_of_rejected_rows_are_passed_over() -> None:
    data = b"rejected_line,rejected_reason,code_type,code,name\n7,taken,cccd,1,A\n"
    (record,) = read(data)
    assert record.values == {"code_type": "cccd", "code": "1", "name": "A"}


def test_json_lines_are_read_and_what_is_none_is_named() -> None:
    good = {"code_type": "cccd", "code": "1", "name": "Mẫu", "email_verified": True, "identity_level": 2}
    data = b"\n".join(
        [orjson.dumps(good), b"", b"[1]", b"{", b'{"code":"2","colour":"red"}', b'{"code":"3"}\xff', orjson.dumps(good)]
    )
    assert codes(data) == ["1", "not_json", "not_json", "unknown_column", "not_utf8", "1"]
    assert read(data)[0].values == good
    assert [record.line for record in read(data)] == [1, 3, 4, 5, 6, 7]
