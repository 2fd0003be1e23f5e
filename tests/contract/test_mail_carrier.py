"""Mail over a real SMTP server: what arrives, what is never sent in clear, and which failures are final."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from idp.errors import DomainError, SettingsError
from idp.messaging.smtp import SmtpCarrier, SmtpServer
from idp.messaging.texts import LocaleTexts
from idp.model.message import Channel, Message
from idp.ports.carriers import Undeliverable
from tests.support.clock import START, FrozenClock
from tests.support.smtp import MailServer, certificate

TO = "mau01@example.vn"
SENDER = "no-reply@id.example.vn"
CODE = Message(Channel.MAIL, "an", TO, "code", "vi", START + 300, {"code": "123456", "minutes": "5"})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


def carrier(server: MailServer, files: tuple[Path, Path], **changes: object) -> SmtpCarrier:
    values: dict[str, object] = {
        "host": "localhost", "port": server.port, "security": "starttls", "sender": SENDER, "sender_name": "Định Danh",
        "timeout": 5.0, "authorities": files[0], **changes,
    }  # fmt: skip
    return SmtpCarrier(SmtpServer(**values), FrozenClock())  # type: ignore[arg-type]


def deliver(to: SmtpCarrier, message: Message = CODE, reference: str = "m1") -> None:
    to.deliver(message, LocaleTexts().render(message), reference)


def failure(act: Callable[[], object]) -> DomainError:
    with pytest.raises(DomainError) as caught:
        act()
    for secret in (TO, "123456"):
        assert secret not in str(caught.value)
    return caught.value


def test_mail_arrives_over_starttls_with_text_and_html(files: tuple[Path, Path]) -> None:
    with MailServer(files) as server:
        deliver(carrier(server, files))
        to, mail = server.inbox.get(timeout=60)
    assert (to, server.secured) == (TO, [True])
    assert (str(mail["From"]), str(mail["To"])) == (f"Định Danh <{SENDER}>", TO)
    assert (str(mail["Message-ID"]), mail["Auto-Submitted"]) == ("<m1@id.example.vn>", "auto-generated")
    plain, html = (part.get_content() for part in mail.iter_parts())  # type: ignore[attr-defined]
    assert "123456" in plain
    assert "123456" in html
    assert "123456" not in str(mail["Subject"])
    for forbidden in ("http", "href", "src=", "<img", "<a "):
        assert forbidden not in plain + html


def test_mail_arrives_over_tls_from_the_first_byte(files: tuple[Path, Path]) -> None:
    with MailServer(files, implicit=True) as server:
        deliver(carrier(server, files, security="tls"))
        assert server.inbox.get(timeout=60)[0] == TO
    assert server.secured == [True]


def test_user_and_password_are_given_within_tls(files: tuple[Path, Path], tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("mat-khau-thu\n")
    with MailServer(files, login=("idp", "mat-khau-thu")) as server:
        proven = carrier(server, files, username="idp", password_file=secret)
        deliver(proven)
        assert proven.check() == f"localhost:{server.port} by starttls"
        assert server.inbox.get(timeout=60)[0] == TO


def test_wrong_password_is_the_operators_fault_and_the_message_waits(files: tuple[Path, Path], tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("wrong")
    with MailServer(files, login=("idp", "right")) as server:
        error = failure(lambda: deliver(carrier(server, files, username="idp", password_file=secret)))
    assert error.code == "smtp_authentication"
    assert not isinstance(error, Undeliverable)


def test_secret_that_cannot_be_read_is_named_by_its_setting(files: tuple[Path, Path], tmp_path: Path) -> None:
    with MailServer(files, login=("idp", "right")) as server:
        missing = carrier(server, files, username="idp", password_file=tmp_path / "nothing")
        error = failure(lambda: deliver(missing))
    assert isinstance(error, SettingsError)
    assert error.field == "IDP_MAIL__PASSWORD_FILE"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate_that_nobody_vouches_for_ends_it(files: tuple[Path, Path], security: str) -> None:
    with MailServer(files, implicit=security == "tls") as server:
        error = failure(lambda: deliver(carrier(server, files, security=security, authorities=None)))
        assert server.inbox.empty()
    assert error.code == "smtp_certificate"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate_of_another_name_ends_it(security: str, tmp_path: Path) -> None:
    other = certificate(tmp_path, "mail.example.vn")
    with MailServer(other, implicit=security == "tls") as server:
        error = failure(lambda: deliver(carrier(server, other, security=security)))
        assert server.inbox.empty()
    assert error.code == "smtp_certificate"


def test_nothing_is_sent_in_clear_where_starttls_was_stripped(files: tuple[Path, Path]) -> None:
    with MailServer(files, starttls=False) as server:
        error = failure(lambda: deliver(carrier(server, files)))
        assert server.inbox.empty()
    assert (error.code, isinstance(error, Undeliverable)) == ("smtp_not_offered", False)


@pytest.mark.parametrize(
    ("word", "answer", "code", "is_final"),
    [
        ("RCPT", "550 no such person", "smtp_recipient", True),
        ("RCPT", "452 full", "smtp_recipient", False),
        ("DATA", "554 not wanted", "smtp_data", True),
        ("DATA", "451 later", "smtp_data", False),
        ("MAIL", "550 not you", "smtp_sender", False),
    ],
)
def test_refusals_are_final_only_where_another_attempt_changes_nothing(
    files: tuple[Path, Path], word: str, answer: str, code: str, is_final: bool
) -> None:
    with MailServer(files) as server:
        server.refuse[word] = f"{answer} {TO}"
        error = failure(lambda: deliver(carrier(server, files)))
    assert (error.code, isinstance(error, Undeliverable)) == (code, is_final)


def test_server_that_is_away_is_tried_again(files: tuple[Path, Path]) -> None:
    with MailServer(files) as server:
        gone = carrier(server, files)
    error = failure(lambda: deliver(gone))
    assert (error.code, isinstance(error, Undeliverable)) == ("smtp_unreachable", False)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_server_that_says_nothing_holds_nobody(files: tuple[Path, Path], security: str) -> None:
    with MailServer(files, silent=True) as server:
        started = time.monotonic()
        error = failure(lambda: deliver(carrier(server, files, security=security, timeout=0.5)))
    assert error.code == "smtp_unreachable"
    assert time.monotonic() - started < 30


def test_server_that_drips_its_greeting_is_cut_off(files: tuple[Path, Path]) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                while True:
                    connection.sendall(b"2")
                    time.sleep(0.05)
            except OSError:
                return

    thread = Thread(target=drip, daemon=True)
    thread.start()
    server = SmtpServer("localhost", listener.getsockname()[1], "starttls", SENDER, "x", 0.5, authorities=files[0])
    error = failure(lambda: deliver(SmtpCarrier(server, FrozenClock())))
    thread.join(10)
    listener.close()
    assert not thread.is_alive()
    assert error.code == "smtp_unreachable"


def test_address_that_would_begin_a_header_is_never_sent(files: tuple[Path, Path]) -> None:
    bad = Message(Channel.MAIL, "an", "a@example.vn\r\nBcc: b@example.vn", "code", "vi", START, {})
    with MailServer(files) as server:
        with pytest.raises(Undeliverable):
            deliver(carrier(server, files), bad)
        assert server.inbox.empty()


def test_certificates_are_checked_by_what_python_calls_required(files: tuple[Path, Path]) -> None:
    with MailServer(files) as server:
        context = carrier(server, files)._context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
