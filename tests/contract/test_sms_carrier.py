"""SMS through a real HTTP gateway: the body as the operator wrote it, the secret from its file, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from idp.errors import DomainError, Refused, SettingsError
from idp.messaging.sms_gateway import Gateway, GatewayCarrier
from idp.messaging.texts import LocaleTexts
from idp.model.message import Channel, Message, Rendered
from idp.outbound.fetcher import GuardedFetcher, OutboundPolicy
from idp.ports.carriers import Undeliverable
from tests.support.clock import START
from tests.support.gateway import SmsGateway

TO = "+84905000001"
CODE = Message(Channel.SMS, "an", TO, "code", "vi", START + 300, {"code": "123456", "minutes": "5"})
WORDS = LocaleTexts().render(CODE)


def carrier(server: SmsGateway, *allow: str, **changes: Any) -> GatewayCarrier:
    values: dict[str, Any] = {
        "url": server.url, "form": False, "body": {"to": "{to}", "text": "{text}"}, "number": "e164",
        "header": "Authorization", "secret_file": None, "secret_prefix": "Bearer ", **changes,
    }  # fmt: skip
    allowed = frozenset(allow or (f"127.0.0.1:{server.port}",))
    return GatewayCarrier(Gateway(**values), GuardedFetcher(OutboundPolicy(allowed, 5.0, loopback=False)))


def failure(act: Callable[[], object]) -> DomainError:
    with pytest.raises(DomainError) as caught:
        act()
    for secret in (TO, "123456", "0905000001"):
        assert secret not in str(caught.value)
    return caught.value


def test_json_body_is_as_the_operator_wrote_it_at_any_depth() -> None:
    body = {"messages": [{"to": "{to}", "content": {"text": "{text}"}, "priority": 1}], "request": "idp-{id}"}
    with SmsGateway() as server:
        carrier(server, body=body, number="digits").deliver(CODE, WORDS, "m1")
        posted = server.posted.get(timeout=60)
    assert posted.headers["content-type"] == "application/json"
    assert orjson.loads(posted.body) == {
        "messages": [{"to": "84905000001", "content": {"text": WORDS.text}, "priority": 1}],
        "request": "idp-m1",
    }


def test_form_body_and_national_numbers() -> None:
    with SmsGateway() as server:
        form = {"phone": "{to}", "content": "{text}", "brand": "DINHDANH"}
        carrier(server, form=True, body=form, number="national").deliver(CODE, WORDS, "m1")
        posted = server.posted.get(timeout=60)
    assert posted.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(posted.body.decode()) == {
        "phone": ["0905000001"],
        "content": [WORDS.text],
        "brand": ["DINHDANH"],
    }


def test_a_text_brings_no_placeholder_and_no_json_of_its_own() -> None:
    nasty = Rendered('{to} "}], {id}')
    with SmsGateway() as server:
        carrier(server, body={"to": "{to}", "text": "{text}"}).deliver(CODE, nasty, "m1")
        assert orjson.loads(server.posted.get(timeout=60).body) == {"to": TO, "text": nasty.text}


def test_secret_is_read_at_each_use_and_sent_in_the_header_of_choice(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    with SmsGateway() as server:
        sender = carrier(server, header="X-Api-Key", secret_file=secret, secret_prefix="")
        for value in ("one", "two"):
            secret.write_text(f"{value}\n")
            sender.deliver(CODE, WORDS, "m1")
            assert server.posted.get(timeout=60).headers["x-api-key"] == value


def test_secret_goes_into_the_body_where_the_gateway_wants_it_there(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret {to}\n")
    with SmsGateway() as server:
        carrier(server, body={"to": "{to}", "text": "{text}", "auth": {"key": "{secret}"}}, secret_file=secret).deliver(
            CODE, WORDS, "m1"
        )
        posted = server.posted.get(timeout=60)
    assert orjson.loads(posted.body)["auth"] == {"key": "s3cret {to}"}
    assert "authorization" not in posted.headers


def test_vietnamese_can_be_written_without_its_marks() -> None:
    with SmsGateway() as server:
        carrier(server, diacritics=False).deliver(CODE, WORDS, "m1")
        text = orjson.loads(server.posted.get(timeout=60).body)["text"]
    assert text.isascii()
    assert text.startswith("Dinh Danh: ma xac thuc 123456")


@pytest.mark.parametrize("content", ["", "a\nX-Evil: b", "x" * 5000, None])
def test_what_is_no_secret_is_named_by_its_setting_and_never_sent(tmp_path: Path, content: str | None) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_text(content)
    with SmsGateway() as server:
        error = failure(lambda: carrier(server, secret_file=secret).deliver(CODE, WORDS, "m1"))
        assert server.posted.empty()
    assert isinstance(error, SettingsError)
    assert error.field == "IDP_SMS__SECRET_FILE"


@pytest.mark.parametrize(
    ("status", "is_final"),
    [(400, True), (422, True), (301, False), (401, False), (404, False), (429, False), (500, False), (503, False)],
)
def test_refusals_are_final_only_where_another_attempt_changes_nothing(status: int, is_final: bool) -> None:
    with SmsGateway(status) as server:
        error = failure(lambda: carrier(server).deliver(CODE, WORDS, "m1"))
        assert server.posted.qsize() == 1
    assert (error.code, isinstance(error, Undeliverable)) == (f"http_{status}", is_final)


@pytest.mark.parametrize(
    ("answer", "is_taken"),
    [
        (b'{"result":{"code":100}}', True),
        (b'{"result":{"code":"ok"}}', True),
        (b'{"result":{"code":99}}', False),
        (b'{"result":"100"}', False),
        (b"[]", False),
        (b"not json", False),
        (b"", False),
    ],
)
def test_success_may_be_written_in_the_answer(answer: bytes, is_taken: bool) -> None:
    with SmsGateway(200, answer) as server:
        sender = carrier(server, success_field="result.code", success_values=("100", "ok"))
        if is_taken:
            sender.deliver(CODE, WORDS, "m1")
        else:
            assert failure(lambda: sender.deliver(CODE, WORDS, "m1")).code == "gateway_refused"


def test_gateway_at_a_private_address_has_to_be_allowed_by_name() -> None:
    with SmsGateway() as server:
        error = failure(lambda: carrier(server, "127.0.0.1:1").deliver(CODE, WORDS, "m1"))
        assert server.posted.empty()
    assert isinstance(error, Refused)


def test_gateway_that_is_away_is_tried_again() -> None:
    with SmsGateway() as server:
        gone = carrier(server)
    assert failure(lambda: gone.deliver(CODE, WORDS, "m1")).code == "outbound_failed"


def test_check_sends_nothing() -> None:
    with SmsGateway() as server:
        assert "nothing was sent" in carrier(server).check()
        assert server.posted.empty()
