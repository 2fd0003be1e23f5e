"""``idp accounts lock``, ``unlock`` and ``locks``: grounds on the command line, and the exit codes."""

from __future__ import annotations

import orjson

from tests.contract.test_account_commands import Run, add, run, shown

__all__ = ["run"]


def test_lock_with_a_ground_is_listed_with_its_article_and_ends_alone(run: Run) -> None:
    account_id = add(run, 501)
    asked = ("--reason-code", "authority_request", "--reference", "TK03-1", "--reason", "theo công văn", "--json")
    result = run("accounts", "lock", account_id, *asked)
    assert result.exit_code == 0, result.stderr
    assert orjson.loads(result.stdout)["reason_code"] == "authority_request"
    assert run("accounts", "lock", account_id, "--reason-code", "card_expired", "--until", "2999-01-01").exit_code == 0
    assert run("accounts", "unlock", account_id, "--reason-code", "card_expired", "--json").exit_code == 0
    assert shown(run, account_id)["state"] == "locked"
    rows = [orjson.loads(line) for line in run("accounts", "locks", account_id, "--json").stdout.splitlines()]
    found = {row["reason_code"]: (row["article"], row["ended_at"] is None) for row in rows}
    assert found == {
        "authority_request": ("69/2024/NĐ-CP Điều 15", True), "card_expired": ("69/2024/NĐ-CP Điều 15", False),
    }  # fmt: skip
    # The local operator needs no second person; what he does is audited as his.
    ended = run("accounts", "unlock", account_id, "--reason", "xong", "--json")
    assert orjson.loads(ended.stdout) == {"account_id": account_id, "state": "active", "ended": ["authority_request"]}


def test_faults_of_a_lock_have_their_exit_codes(run: Run) -> None:
    account_id = add(run, 502)
    for arguments, code in (
        (("--reason-code", "authority_request"), 1),
        (("--reason-code", "dissolved", "--reference", "x"), 1),
        (("--reason-code", "failed_tries"), 2),
        (("--until", "tomorrow"), 1),
        (("--until", "2001-01-01"), 1),
    ):
        assert run("accounts", "lock", account_id, *arguments).exit_code == code, arguments
    assert shown(run, account_id)["state"] == "active"
    assert run("accounts", "unlock", account_id, "--reason", "nothing").exit_code == 4
    assert run("accounts", "locks", "nobody").exit_code == 3


def test_recovery_at_the_counter_prints_its_code_once_and_can_be_cancelled(run: Run) -> None:
    account_id = add(run, 503)
    asked = ("accounts", "recover", account_id, "--reason", "mất điện thoại")
    assert run(*asked).exit_code == 1
    begun = run(*asked, "--evidence", "CCCD gắn chip, đối chiếu khuôn mặt", "--json")
    assert begun.exit_code == 0, begun.stderr
    printed = orjson.loads(begun.stdout)
    assert printed["account_id"] == account_id
    assert len(printed["activation_code"]) == 19
    assert printed["use_at"].endswith("/recover/activate")
    assert run(*asked, "--cancel", "--json").exit_code == 0
    assert run(*asked, "--cancel").exit_code == 3
    assert run("accounts", "lock", account_id, "--reason", "why").exit_code == 0
    assert run(*asked, "--evidence", "CCCD").exit_code == 4
    assert run("accounts", "recover", "nobody", "--evidence", "CCCD", "--reason", "x").exit_code == 3
