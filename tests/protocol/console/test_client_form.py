"""Registering a system step by step: each wrong line is named, the answers are read once more, and only what was read is stored."""

from __future__ import annotations

from bs4 import Tag

from tests.support.administered_world import AdministeredWorld
from tests.support.console import Administrating
from tests.support.visit import Landing

GOOD = {
    "name_vi": "Một cửa điện tử",
    "name_en": "One-stop shop",
    "purpose_vi": "Giải quyết hồ sơ",
    "purpose_en": "Handling dossiers",
    "unit": "79.1",
    "legal_basis": "consent",
    "consent": "ask",
    "token_endpoint_auth_method": "client_secret_basic",
    "redirect_uris": "https://motcua.example.vn/cb\r\nhttps://motcua.example.vn/cb2",
    "scope": ["openid", "profile", "email"],
    "reason": "Công văn 1",
}


def registered(admin: AdministeredWorld) -> int:
    return len(admin.world.events("client:add"))


def section(page: Landing, lang: str) -> str:
    found = page.soup.find("div", lang=lang)
    assert isinstance(found, Tag)
    return found.get_text(" ", strip=True)


def test_each_wrong_line_is_named_by_its_number_and_its_words(admin: AdministeredWorld, top: Administrating) -> None:
    lines = (
        "https://a.example.vn/cb\r\nhttp://b.example.vn/cb\r\n\r\nhttps://c.example.vn/cb#x\r\nhttps://*.example.vn/cb"
    )
    wrong = top.submit(top.open("/admin/clients/new"), "client-form", **{**GOOD, "redirect_uris": lines})
    problem = wrong.soup.find(id="redirect_uris-problem")
    assert isinstance(problem, Tag)
    told = [one.get_text() for one in problem.find_all("p")]
    assert ["http://b." in told[0], "#x" in told[1], "*" in told[2]] == [True] * 3
    assert [line.split()[1] for line in told] == ["2", "3", "4"]
    area = wrong.soup.find(id="redirect_uris")
    assert isinstance(area, Tag)
    assert area["aria-invalid"] == "true"
    assert area["aria-describedby"] == "redirect_uris-hint redirect_uris-problem"
    assert wrong.soup.select_one("#client-register") is None
    assert registered(admin) == 0


def test_every_fault_of_the_form_is_told_at_once(top: Administrating) -> None:
    wrong = top.submit(
        top.open("/admin/clients/new"),
        "client-form",
        **{**GOOD, "scope": ["profile"], "consent": "notice", "name_vi": ""},
    )
    marked = {str(one["id"]) for one in wrong.soup.select("[id$=-problem]")}
    assert {"scope-problem", "consent-problem", "name_vi-problem"} <= marked


def test_nothing_is_stored_before_the_answers_were_read(admin: AdministeredWorld, top: Administrating) -> None:
    hasty = top.submit(top.open("/admin/clients/new"), "client-form", **{**GOOD, "client-register": "1"})
    assert hasty.soup.select_one("#client-register") is not None
    assert registered(admin) == 0
    other = {"client-register": "1", "redirect_uris": "https://other.example.vn/cb", "scope": GOOD["scope"]}
    swapped = top.submit(hasty, "client-form", **other)
    assert "https://other.example.vn/cb" in swapped.text
    assert registered(admin) == 0, "what was not shown is not stored"
    done = top.submit(swapped, "client-form", **{"client-register": "1", "scope": GOOD["scope"]})
    assert "client_secret" in done.text
    assert registered(admin) == 1
    (client,) = [one for one in admin.wiring.clients.all() if one.client_name["vi"] == GOOD["name_vi"]]
    assert client.redirect_uris == ("https://other.example.vn/cb",)
    assert client.scope == {"openid", "profile", "email"}


def test_the_answers_show_what_people_will_see_in_both_languages(top: Administrating) -> None:
    checked = top.submit(top.open("/admin/clients/new"), "client-form", **GOOD)
    vietnamese, english = section(checked, "vi"), section(checked, "en")
    assert "Đồng ý chia sẻ thông tin" in vietnamese
    assert "Giải quyết hồ sơ" in vietnamese
    assert "One-stop shop" in english
    assert "Handling dossiers" in english
    assert "Thông tin bạn có thể chọn chia sẻ thêm" in vietnamese


def test_a_notice_is_shown_as_a_notice(top: Administrating) -> None:
    notice = {**GOOD, "legal_basis": "public_duty", "consent": "notice"}
    checked = top.submit(top.open("/admin/clients/new"), "client-form", **notice)
    assert "Thông báo xử lý dữ liệu cá nhân" in section(checked, "vi")
    assert "Thông tin bạn có thể chọn chia sẻ thêm" not in section(checked, "vi")


def test_going_back_keeps_what_was_typed(admin: AdministeredWorld, top: Administrating) -> None:
    checked = top.submit(top.open("/admin/clients/new"), "client-form", **GOOD)
    back = top.submit(checked, "client-form", **{"client-change": "1", "scope": GOOD["scope"]})
    area = back.soup.find(id="redirect_uris")
    assert isinstance(area, Tag)
    assert area.get_text().split() == ["https://motcua.example.vn/cb", "https://motcua.example.vn/cb2"]
    assert registered(admin) == 0


def test_a_change_is_shown_before_and_after(admin: AdministeredWorld, top: Administrating) -> None:
    client_id = admin.client("79.1").client.client_id
    checked = top.submit(top.open(f"/admin/clients/{client_id}/edit"), "client-form", **GOOD)
    rows = [row.get_text(" ", strip=True) for row in checked.soup.select("tbody tr")]
    (changed,) = [row for row in rows if "https://motcua.example.vn/cb2" in row]
    assert admin.wiring.clients.known(client_id).redirect_uris[0] in changed
    assert not any(client_id in row for row in rows)


def test_a_change_of_nothing_says_so(admin: AdministeredWorld, top: Administrating) -> None:
    client = admin.client("79.1", scope="profile openid email", token_endpoint_auth_method="client_secret_basic").client
    page = top.open(f"/admin/clients/{client.client_id}/edit")
    typed: dict[str, list[str]] = {}
    for one in page.soup.select("#client-form input[type=text]"):
        typed[str(one["name"])] = [str(one.get("value", ""))]
    for one in page.soup.select("#client-form input[type=checkbox][checked]"):
        typed.setdefault(str(one["name"]), []).append(str(one["value"]))
    for one in page.soup.select("#client-form textarea"):
        typed[str(one["name"])] = [one.get_text()]
    for one in page.soup.select("#client-form select"):
        chosen = one.select_one("option[selected]")
        typed[str(one["name"])] = [str(chosen["value"]) if chosen is not None else ""]
    checked = top.submit(page, "client-form", **typed)
    assert checked.soup.select_one("#client-register") is not None
    assert checked.soup.select("tbody tr") == []


def test_a_new_secret_tells_until_when_the_old_one_works(admin: AdministeredWorld, top: Administrating) -> None:
    client_id = admin.client("79.1").client.client_id
    rotated = top.submit(top.open(f"/admin/clients/{client_id}"), "rotate-form", overlap="2", reason="Định kỳ")
    facts = [one.get_text() for one in rotated.soup.select(".facts dd")]
    assert len(facts) == 3
    old, _ = sorted(admin.wiring.clients.known(client_id).secrets, key=lambda one: one.expires_at is None)
    assert old.expires_at == admin.world.clock.now() + 7200
