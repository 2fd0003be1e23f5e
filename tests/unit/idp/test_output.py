"""What commands print for people: moments as moments, lists as lists; scripts get JSON with the values as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.cli.output import emit, emit_rows

ROW: dict[str, Any] = {
    "kid": "k1",
    "created": 1_795_877_450,
    "retires": None,
    "ended_at": 0,
    "ends_at": 1 << 60,
    "generation": 1_795_877_450,
    "is_ours": True,
    "scope": ["openid", "email"],
    "purpose": {"vi": "Kiểm thử"},
}


def test_people_read_moments_lists_and_words(capsys: pytest.CaptureFixture[str]) -> None:
    emit(ROW, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "kid: k1",
        "created: 2026-11-28 14:50:50Z",
        "retires:",
        "ended_at:",
        f"ends_at: {1 << 60}",
        "generation: 1795877450",
        "is_ours: yes",
        "scope: openid, email",
        'purpose: {"vi":"Kiểm thử"}',
    ]


def test_columns_are_as_wide_as_what_is_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    emit_rows([{"kid": "k1", "created": 1_795_877_450, "use": "sig"}], as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "kid  created               use",
        "k1   2026-11-28 14:50:50Z  sig",
    ]


def test_scripts_get_the_values_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    emit(ROW, as_json=True)
    emit_rows([ROW], as_json=True)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [ROW, ROW]
