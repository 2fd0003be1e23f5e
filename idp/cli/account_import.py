"""``idp accounts import``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from tqdm import tqdm

from idp.cli.context import Context, pass_context
from idp.cli.output import Exit, emit, fail, say, with_exit_codes
from idp.services.account_import import Progress, Summary

_BAR = "{percentage:3.0f}% |{bar}| {elapsed}, {remaining} left{postfix}"


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Make every check and change nothing.")
@click.option("--again", is_flag=True, help="Read a file again that was imported to its end.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def import_accounts(context: Context, /, *, file: Path, dry_run: bool, again: bool, as_json: bool) -> None:
    """Import accounts from FILE (CSV or JSON lines); goes on where a killed import stopped.

    Rejected rows go into FILE.rejected.csv with line, column and reason; correct them there and import that file.
    """
    with _shown() as progress:
        summary = context.wiring.importer.run(file, dry_run=dry_run, again=again, progress=progress)
    emit(asdict(summary), as_json=as_json, text=_text(summary))
    if summary.rejected:
        fail(_hint(summary), Exit.FAILURE)


@contextmanager
def _shown() -> Iterator[Callable[[Progress], None]]:
    """Show a bar on stderr, only where somebody looks at it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with tqdm(bar_format=_BAR, unit="B", file=sys.stderr, leave=False) as bar:

        def show(progress: Progress) -> None:
            if progress.rows == 0:
                bar.reset(total=progress.total_bytes)
                # What an earlier run did is not this run's speed.
                bar.initial = bar.n = progress.done_bytes
            bar.update(progress.done_bytes - bar.n)
            elapsed = bar.format_dict["elapsed"]
            bar.set_postfix_str(f"{progress.rows} rows, {progress.rows / elapsed if elapsed else 0:.0f} rows/s")

        yield show


def _text(summary: Summary) -> str:
    if summary.done_before:
        return f"imported before: {summary.landed} of {summary.rows} rows landed, {summary.rejected} rejected"
    did = "would land" if summary.dry_run else "landed"
    text = f"{summary.landed} of {summary.rows} rows {did}, {summary.rejected} rejected; {summary.seconds} s"
    lines = [f"{text}, {summary.rate} rows/s"]
    if summary.resumed_at_line:
        lines.append(f"went on at line {summary.resumed_at_line}, where an earlier run stopped")
    lines += [f"  {reason}: {count}" for reason, count in sorted(summary.reasons.items())]
    return "\n".join(lines)


def _hint(summary: Summary) -> str:
    if summary.rejects is None:
        return "some rows would be rejected"
    say(f"rejected rows: {summary.rejects}")
    return "some rows were rejected: correct them in that file and import it"
