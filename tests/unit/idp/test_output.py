"""What commands print for people: moments as moments, lists as lists; scripts get JSON with the values as they are. What they ask people."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import click
import pytest

from idp.cli.output import confirm, emit, emit_rows, secret
from idp.errors import InvalidInput

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


@pytest.mark.parametrize("answer", ["n", "no", ""])
def test_who_answers_no_has_aborted(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{answer}\n"))
    with pytest.raises(click.Abort):
        confirm("Go on?", yes=False)


def test_an_answer_may_come_from_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    confirm("Go on?", yes=False)


def test_who_interrupts_at_a_question_has_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(click.Abort):
        confirm("Go on?", yes=False)


@pytest.mark.parametrize("stdin", [None, io.StringIO()], ids=["closed", "at its end"])
def test_a_question_without_an_answer_names_the_option(
    stdin: io.StringIO | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(InvalidInput) as caught:
        confirm("Go on?", yes=False)
    assert caught.value.field == "--yes"
    assert capsys.readouterr().out == ""
    confirm("Go on?", yes=True)
    confirm("Go on?", yes=False, is_final=False)


def test_without_an_input_a_secret_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert secret("Password") == ""
