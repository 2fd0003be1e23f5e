"""What a directory's configuration comes to, step by step, down to the roles of one person: for the operator who sets it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from idp.errors import AmbiguousEntry, DirectoryUnavailable
from idp.model.directory import Check, Entry, Proof
from idp.ports.directories import Directory
from idp.services.officials import OfficialService
from policies.officials import names


def examined(
    directory: Directory, officials: OfficialService, user_name: str | None = None, password: str | None = None
) -> Iterator[Check]:
    """Yield every step with what is wrong and what to do about it; nothing is stored."""
    yield from directory.examine()
    if user_name is not None:
        yield from examined_person(directory, officials, user_name, password)


def examined_person(
    directory: Directory,
    officials: OfficialService,
    user_name: str,
    password: str | None = None,
    found: Callable[[Entry], None] = lambda _entry: None,
) -> Iterator[Check]:
    """Yield the steps of one person's sign-in down to the roles; nothing is stored. ``found`` is told whose entry it is."""
    try:
        yield from _person(directory, officials, user_name, password, found)
    except AmbiguousEntry as error:
        yield Check("person", "failed", str(error), advice="narrow filter or login_attributes until one entry is left")
    except DirectoryUnavailable as error:
        yield Check("person", "failed", str(error), advice="see the steps above")


def _person(
    directory: Directory,
    officials: OfficialService,
    user_name: str,
    password: str | None,
    found: Callable[[Entry], None],
) -> Iterator[Check]:
    name = names.user_name(user_name)
    entry = directory.find(name) if name is not None else None
    if entry is None:
        why = "no entry has this user name" if name is not None else "no directory is asked about such a name"
        yield Check("person", "failed", why, advice="look at base, filter and login_attributes")
        return
    found(entry)
    filled = ", ".join(sorted(entry.profile)) or "no column"
    yield Check("person", "ok", f"{entry.dn}: {entry.standing}; fills {filled}")
    if password is not None:
        yield from _password(directory, entry, password)
    groups = directory.groups(entry)
    yield Check("groups", "ok", "; ".join(sorted(groups)) or "in no group")
    yield from _mapping(directory.name, officials, entry, groups)


def _password(directory: Directory, entry: Entry, typed: str) -> Iterator[Check]:
    prepared = names.password(typed)
    if prepared is None:
        advice = "empty, overlong, or with characters that no keyboard makes: it is never sent"
        yield Check("password", "failed", "odd_password", advice=advice)
        return
    proof = directory.verify(entry, prepared).proof
    if proof is Proof.RIGHT:
        yield Check("password", "ok", "the directory accepts it")
    else:
        advice = "the directory says so; the page says only that the sign-in failed"
        yield Check("password", "failed", proof.value, advice=advice)


def _mapping(directory: str, officials: OfficialService, entry: Entry, groups: frozenset[str]) -> Iterator[Check]:
    office = officials.office(directory, entry)
    if entry.unit and not office[0]:
        advice = "import the register (idp units import), look at units_as_of, or name the agency in unit_names"
        yield Check("unit", "failed", f"{entry.unit} is no unit of today", advice=advice)
    else:
        yield Check("unit", "ok", "@".join(filter(None, office)) or "none")
    found = officials.called_for(directory, entry, groups)
    shown = "; ".join(f"{one.key.role} at {one.key.unit_code}@{one.key.unit_from or '-'}" for one in found)
    if shown:
        yield Check("mapping", "ok", shown)
    else:
        advice = "compare the groups above with [[directories.sources.roles]], their dates and their units"
        yield Check("mapping", "warning", "no role", advice=advice)
