"""Whatever the file holds: reading can stop behind any record and go on there without a lost or doubled one."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from idp.services.account_import.reading import open_source

HEADER = ("code_type", "code", "name", "nickname")
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12) | st.sampled_from(
    ['"', '""', "a,b", "a\nb", "a\r\nb", "\n", "", " "]
)
ROWS = st.lists(st.lists(CELLS, min_size=len(HEADER), max_size=len(HEADER)), max_size=12)


def written(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows(rows)
    return text.getvalue().encode()


@settings(deadline=None)
@given(rows=ROWS)
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]]) -> None:
    source = open_source(io.BytesIO(written(rows)))
    records = list(source.records(*source.start))
    assert [list(record.values.values()) for record in records] == rows


@settings(deadline=None)
@given(rows=ROWS, junk=st.lists(st.binary(max_size=30), max_size=6))
def test_reading_goes_on_behind_any_record(rows: list[list[str]], junk: list[bytes]) -> None:
    data = written(rows) + b"\n".join(junk)
    source = open_source(io.BytesIO(data))
    records = list(source.records(*source.start))
    for position, record in enumerate(records):
        again = open_source(io.BytesIO(data))
        rest = list(again.records(record.next_offset, record.next_line))
        assert rest == records[position + 1 :]


@settings(deadline=None)
@given(data=st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    for head in (b"code_type,code,name,nickname\n", b"{}\n"):
        source = open_source(io.BytesIO(head + data))
        records = list(source.records(*source.start))
        offsets = [record.next_offset for record in records]
        assert offsets == sorted(set(offsets))
        assert all(offset <= len(head) + len(data) for offset in offsets)
