"""``/account``: each attribute with who told it and when, in plain words of both languages."""

from __future__ import annotations

import orjson
import pytest

from idp.model.account import SELF, Source
from idp.model.message import Channel
from idp.services.account_records import AccountRecords
from idp.storage.tables import accounts
from tests.support.in_process import browser, citizen
from tests.support.token_world import ISSUER, TokenWorld

HOME = f"{ISSUER}/account"


@pytest.mark.parametrize(
    ("language", "by", "level"),
    [("vi", "Do cán bộ ghi nhận, ngày 15/01/2027", "Mức độ 01"), ("en", "Recorded by an official, 15/01/2027", "")],
)
def test_the_page_says_who_told_what(world: TokenWorld, language: str, by: str, level: str) -> None:
    _, person = citizen(world)
    page = browser(world, languages=language).walk(HOME, person, home=HOME)
    facts = page.soup.select_one("dl.facts")
    assert facts is not None
    text = facts.get_text(" ", strip=True)
    rows = facts.select(".source")
    assert len(rows) == 6
    assert {row.get_text(strip=True) for row in rows} == {by}
    assert level in text
    assert "01/05/2199" in text
    assert page.text_of("account-name") == "Công dân mẫu 01"
    assert "049499000001" not in page.text


def test_what_was_kept_before_there_were_times_names_its_source_without_a_day(world: TokenWorld) -> None:
    account_id, person = citizen(world)
    records = AccountRecords(world.wiring.vault)
    profile = dict(world.wiring.accounts.get(account_id).profile)
    old = records._profiles.seal(orjson.dumps({**profile, "sources": {"name": "vneid"}}), account_id.encode())
    with world.database.transaction() as tx:
        tx.run(world.database.prepare(accounts.update().values(profile=old)))
    assert world.wiring.accounts.get(account_id).sources == {"name": Source("vneid", 0)}
    page = browser(world).walk(HOME, person, home=HOME)
    assert "Từ vneid" in {row.get_text(strip=True) for row in page.soup.select(".source")}


def test_a_contact_that_the_person_confirmed_is_the_persons_own_word(world: TokenWorld) -> None:
    account_id, _ = citizen(world)
    wiring = world.wiring
    wiring.contact_flow._writer.set_verified(account_id, Channel.MAIL, "khac@example.vn", actor=f"account:{account_id}")
    assert wiring.accounts.get(account_id).sources["email"] == Source(SELF, world.clock.now())
