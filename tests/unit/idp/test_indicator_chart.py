"""The picture of the indicator: well-formed, said in words, nothing in it that a content policy would refuse."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from idp.web.i18n import LANGUAGES
from idp.web.indicator_chart import Bar, indicator_chart, share_text
from policies.indicators import Figure

SVG = "{http://www.w3.org/2000/svg}"


def figure(used: int | None, share: int | None, at_least: int | None = None) -> Figure:
    return Figure("system", "a", "all", used, used, used, used, share, at_least)


BARS = [
    Bar("Một cửa điện tử <b>&\"'", figure(100, 91)),
    Bar("Đất đai", figure(100, 40)),
    Bar("Y tế", figure(None, None)),
    Bar("Giáo dục", figure(100, None, 96)),
    Bar("x" * 200, figure(0, None)),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_picture_is_well_formed_and_says_what_it_shows(language: str) -> None:
    text = indicator_chart("2026-11", BARS, language)
    root = ET.fromstring(text)  # noqa: S314 - our own text
    assert (root.tag, root.get("role")) == (f"{SVG}svg", "img")
    named = {one.get("id"): one.text for one in root if one.get("id")}
    assert set(str(root.get("aria-labelledby")).split()) == set(named)
    assert all(bar.name in str(named["indicator-text"]) for bar in BARS)
    assert "11/2026" in str(named["indicator-title"])
    assert "style" not in text
    assert "<b>" not in text


def test_bars_are_as_long_as_their_shares() -> None:
    root = ET.fromstring(indicator_chart("2026-11", BARS, "vi"))  # noqa: S314 - our own text
    rows = [one for one in root.iter(f"{SVG}rect") if one.get("fill") in {"#1f6f43", "#8f1d21"}]
    assert [(int(str(one.get("width"))), one.get("fill")) for one in rows] == [
        (560 * 91 // 100, "#1f6f43"),
        (560 * 40 // 100, "#8f1d21"),
        (560 * 96 // 100, "#1f6f43"),
    ]


def test_share_is_said_in_words() -> None:
    assert [share_text(bar.figure, "en") for bar in BARS] == [
        "91 %",
        "40 %",
        "Not shown (small number)",
        "at least 96 %",
        "0",
    ]


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((light(one), light(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colour", ["#1f6f43", "#8f1d21", "#1b1d21"])
def test_colours_stand_out_from_what_they_stand_on(colour: str) -> None:
    assert contrast(colour, "#ffffff") >= 4.5
    assert contrast(colour, "#e4e1da") >= 4.5
