"""``idp audit``: search, export, verify, checkpoint, keys, rotate-keys; witnesses are in ``idp.cli.audit_witness``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
import orjson

from idp.cli.audit_keeping import archive, erase
from idp.cli.audit_witness import witness_group
from idp.cli.bundle_files import bundle_lines, opened_to_write
from idp.cli.context import Context, pass_context
from idp.cli.output import Exit, emit, emit_rows, fail, say, with_exit_codes
from idp.errors import InvalidInput
from idp.model.audit import AuditEvent, Event
from idp.ports.audit import AuditQuery
from idp.services.audit_verification import Report, Trust, verify_bundle
from idp.services.audit_walk import Fault
from idp.wiring.auditing import witness_collector
from keys.errors import InvalidJwk
from keys.log_heads import Head, HeadRefused, Verifiers, read_head, verify_head
from keys.log_keys import read_keys
from keys.strict_json import read_object

_PAGE: Final = 1_000
_OPERATOR: Final = "operator:local"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group("audit")
def audit_group() -> None:
    """The audit log."""


audit_group.add_command(witness_group)
audit_group.add_command(archive)
audit_group.add_command(erase)


@audit_group.command("search")
@click.option("--account", default=None, help="Account id.")
@click.option("--client", default=None, help="Client id.")
@click.option("--event", "events", multiple=True, help="Event, such as session:sign-in; may be repeated.")
@click.option("--outcome", type=click.Choice(["done", "refused", "failed"]), default=None, help="How it ended.")
@click.option("--case", "case_code", default=None, help="Case code of an error page.")
@click.option("--actor", default=None, help="Who acted, such as account:ID, client:ID, operator:local.")
@click.option("--target", default=None, help="On what, such as key:KID, unit:CODE; tokens are found by --client.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_context
@with_exit_codes
def search(context: Context, /, *, as_json: bool, limit: int, **wanted: Any) -> None:
    """Show matching records, newest first."""
    query = AuditQuery(
        account_id=wanted["account"],
        client_id=wanted["client"],
        events=wanted["events"],
        outcome=wanted["outcome"],
        case_code=wanted["case_code"],
        actor=wanted["actor"],
        target=wanted["target"],
        limit=limit,
    )
    rows = context.wiring.audit.search(query)
    if not as_json:
        names = ("seq", "at_us", "event", "outcome", "reason", "actor", "target", "case_code")
        rows = [{name: row[name] for name in names} for row in rows]
    emit_rows(list(rows), as_json=as_json)


@audit_group.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), default="-")
@click.option("--bundle", is_flag=True, help="With salts, signed heads and proofs, for `verify --bundle` anywhere.")
@click.option("--without-personal-data", "hidden", is_flag=True, help="A bundle that says what happened, not to whom.")
@click.option("--first", type=click.IntRange(1), default=None, help="First number of a bundle; default: 1.")
@click.option("--last", type=click.IntRange(1), default=None, help="Last number of a bundle; default: the newest.")
@click.option("--reason", default="", help="Goes into the audit log.")
@_JSON
@pass_context
@with_exit_codes
def export(
    context: Context, /, *, file: Path, bundle: bool, hidden: bool, reason: str, as_json: bool, **span: int | None
) -> None:
    """Write the log as JSON lines, oldest first, to stdout or FILE (compressed where its name ends in .gz). Recorded."""
    if (hidden or any(span.values())) and not bundle:
        raise InvalidInput("only a --bundle knows a range or leaves out persons", field="--bundle")
    wiring = context.wiring
    detail = {"bundle": bundle, "personal": not hidden, **{name: value for name, value in span.items() if value}}
    wiring.audit.write(AuditEvent(Event.AUDIT_EXPORT, reason=reason, actor=_OPERATOR, target="audit", detail=detail))
    wiring.audit_tree.sequence()
    lines = _rows(context)
    if bundle:
        _publish(context)
        asked = wiring.audit_bundles.span(span["first"], span["last"], personal=not hidden)
        lines = wiring.audit_bundles.lines(asked, wiring.clock.now())
    with opened_to_write(file) as out:
        out.writelines(lines)
    if as_json and str(file) != "-":
        emit({"file": str(file)}, as_json=True)


@audit_group.command("verify")
@click.option(
    "--bundle", type=_FILE, default=None, help="A bundle of `export --bundle`: needs no database, no settings."
)
@click.option("--checkpoint", "seen", type=_FILE, multiple=True, help="An earlier `checkpoint` or /audit/head.")
@click.option(
    "--key", "keys", type=_FILE, multiple=True, help="JWK set of the log, got by another way than the bundle."
)
@click.option("--witness", "witnesses", type=_FILE, multiple=True, help="JWK set of a witness whom you trust.")
@click.option("--quorum", type=click.IntRange(0), default=None, help="So many of them must have signed; default: all.")
@_JSON
@pass_context
@with_exit_codes
def verify(context: Context, /, *, bundle: Path | None, as_json: bool, quorum: int | None, **files: Any) -> None:
    """Check every record, its number and the tree; exit 5 names the first bad record, a missing tail or a fork."""
    documents = [_document(path) for path in files["seen"]]
    if bundle is None:
        if files["keys"] or files["witnesses"] or quorum is not None:
            raise InvalidInput("keys and witnesses are for a --bundle", field="--bundle")
        _verify_online(context, documents, as_json=as_json)
        return
    witnesses = _keys(files["witnesses"])
    heads = tuple(_head(one) for one in documents)
    asked = len(files["witnesses"]) if quorum is None else quorum
    with bundle_lines(bundle) as lines:
        report = verify_bundle(lines, Trust(_keys(files["keys"]), witnesses, asked, heads))
    _emit_report(report, as_json=as_json, has_keys=bool(files["keys"]))


@audit_group.command("checkpoint")
@_JSON
@pass_context
@with_exit_codes
def checkpoint(context: Context, /, *, as_json: bool) -> None:
    """Enter what waits, sign a head and print it: keep it elsewhere, and a cut or rewritten log is found by `verify`."""
    wiring = context.wiring
    wiring.audit_tree.sequence()
    _publish(context)
    head = wiring.audit_heads.newest()
    emit({**wiring.audit_tree.checkpoint(), "signed": head.document() if head else None}, as_json=as_json)


@audit_group.command("keys")
@_JSON
@pass_context
@with_exit_codes
def keys(context: Context, /, *, as_json: bool) -> None:
    """Print the public keys that sign heads as a JWK set: give it to verifiers and witnesses by a way of its own."""
    context.wiring.audit_heads.ensure_keys()
    data = context.wiring.audit_heads.jwks()
    emit(data, as_json=as_json, text=orjson.dumps(data).decode())


@audit_group.command("rotate-keys")
@click.option("--reason", required=True, help="Goes into the audit log.")
@_JSON
@pass_context
@with_exit_codes
def rotate_keys(context: Context, /, *, reason: str, as_json: bool) -> None:
    """Put new keys in the place of those that sign heads; the old ones stay published for old heads."""
    emit({"keys": context.wiring.audit_heads.rotate(reason=reason)}, as_json=as_json)


def _publish(context: Context) -> None:
    """Sign a head over what is new, and ask the witnesses at once; one that does not answer is asked again by the worker."""
    wiring = context.wiring
    wiring.audit_heads.publish()
    if context.settings.audit.witnesses:
        witness_collector(wiring, wiring.guarded_fetcher).run()


def _verify_online(context: Context, documents: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if not all("mac" in one or _is_signed(one) for one in documents):
        raise InvalidInput("is neither a checkpoint nor a signed head", field="--checkpoint")
    heads = context.wiring.audit_heads
    keys = heads.verifiers()
    roots: dict[int, bytes] = {}
    try:
        for head in (*heads.between(0, 1 << 62), *(_head(one) for one in documents if _is_signed(one))):
            verify_head(head, keys)
            if roots.setdefault(head.size, head.root) != head.root:
                raise HeadRefused(f"fork: two signed heads of size {head.size} have different roots")
    except HeadRefused as error:
        emit({"ok": False, "reason": str(error)}, as_json=as_json)
        fail(str(error), Exit.CHECK_FAILED)
    plain = [one for one in documents if "mac" in one]
    archive = context.wiring.audit_archive
    verdict = context.wiring.audit_tree.verify(*plain, roots=roots, archived=archive.spans())
    if verdict.fault is None and (broken := archive.check()) is not None:
        verdict = replace(verdict, fault=Fault(broken[0], "", broken[1]))
    fault = verdict.fault
    data: dict[str, Any] = {
        "ok": fault is None,
        "checked": verdict.checked,
        "sequenced": verdict.sequenced,
        "erased": verdict.erased,
        "head": verdict.head,
    }
    if fault is not None:
        data |= {"record": fault.record_id, "position": fault.position, "reason": fault.reason}
    emit(data, as_json=as_json)
    if fault is not None:
        fail(f"record {fault.record_id or fault.position}: {fault.reason}", Exit.CHECK_FAILED)


def _emit_report(report: Report, *, as_json: bool, has_keys: bool) -> None:
    names = ("first", "last", "size", "root", "checked", "erased", "hidden", "void", "archived")
    data: dict[str, Any] = {"ok": report.fault is None, **{name: getattr(report, name) for name in names}}
    data |= {
        "witnesses": list(report.witnesses),
        "keys": list(report.keys),
        "keys_from": "you" if has_keys else "bundle",
    }
    if report.fault is not None:
        fault = report.fault
        data |= {"record": fault.record_id, "position": fault.position, "reason": fault.reason}
    emit(data, as_json=as_json)
    if not has_keys:
        say("the keys are those that the bundle claims: compare them with the log's, or give them with --key")
    if report.fault is not None:
        fail(f"record {report.fault.record_id or report.fault.position}: {report.fault.reason}", Exit.CHECK_FAILED)


def _document(path: Path) -> dict[str, Any]:
    try:
        return read_object(path.read_bytes())
    except ValueError as error:
        raise InvalidInput(f"{path} holds no JSON object") from error


def _is_signed(document: dict[str, Any]) -> bool:
    return document.get("signed") is not None or "payload" in document


def _head(document: dict[str, Any]) -> Head:
    """Return the signed head of a checkpoint, or of what ``/audit/head`` answers."""
    try:
        return read_head(document.get("signed") or document)
    except HeadRefused as error:
        raise InvalidInput(str(error), field="--checkpoint") from error


def _keys(paths: Sequence[Path]) -> Verifiers:
    found: dict[str, Any] = {}
    for path in paths:
        try:
            found |= read_keys(_document(path))
        except InvalidJwk as error:
            raise InvalidInput(f"{path} is no JWK set: {error}") from error
    return found


def _rows(context: Context) -> Iterator[bytes]:
    after: AuditQuery = AuditQuery(limit=_PAGE, ascending=True)
    while rows := context.wiring.audit.search(after):
        for row in rows:
            yield orjson.dumps(row) + b"\n"
        after = AuditQuery(limit=_PAGE, ascending=True, after_id=str(rows[-1]["id"]))
