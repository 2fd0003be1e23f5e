"""The registry: what operators do to clients, and how processes learn of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import count
from threading import Barrier

import pytest

from clients import secrets
from clients.errors import ClientConflict, ClientNotFound, RegistrationRefused
from clients.registry import ClientRegistry
from tests.support.memory_clients import NOW, MemoryClients, department, make_registry, native, new_ids

GIVEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def repository() -> MemoryClients:
    """Return an empty store."""
    return MemoryClients()


@pytest.fixture
def registry(repository: MemoryClients) -> ClientRegistry:
    """Return a registry over the store."""
    return make_registry(repository)


def refused(registry: ClientRegistry, document: dict[str, object]) -> set[tuple[str, str]]:
    """Return what an operator's registration is refused for."""
    with pytest.raises(RegistrationRefused) as error:
        registry.register(document, is_operator=True)
    return {(fault.field, fault.reason) for fault in error.value.errors}


@pytest.mark.spec("RFC 7591", "3.2.1")
def test_a_new_client_gets_an_id_a_secret_and_a_sector_of_its_own(
    registry: ClientRegistry, repository: MemoryClients
) -> None:
    client, secret, ignored = registry.register(department(), is_operator=True)
    other, _, _ = registry.register(department(), is_operator=True)
    assert secret is not None
    assert secrets.is_valid(client.secrets, secret, NOW)
    assert client.sector_id.startswith("sec_")
    assert (client.client_id, client.sector_id) != (other.client_id, other.sector_id)
    assert client.sector_id != other.sector_id
    assert (client.state, client.version, client.created_at, client.updated_at) == ("active", 1, NOW, NOW)
    assert ignored == ()
    assert registry.find(client.client_id) == client
    assert [(event.action, event.client_id, event.fields) for event in repository.events] == [
        ("add", client.client_id, ()),
        ("add", other.client_id, ()),
    ]


def test_no_secret_is_kept_in_clear(registry: ClientRegistry) -> None:
    client, secret, _ = registry.register(department(client_secret=GIVEN), is_operator=True)
    assert secret == GIVEN
    assert GIVEN not in repr(client)


def test_public_clients_get_no_secret(registry: ClientRegistry) -> None:
    client, secret, _ = registry.register(native(), is_operator=True)
    assert secret is None
    assert client.secrets == ()
    assert not client.is_confidential


def test_an_operator_may_bring_id_secret_and_sector(registry: ClientRegistry, repository: MemoryClients) -> None:
    first, _, _ = registry.register(department(), is_operator=True)
    own = department(client_id="portal", client_secret=GIVEN, sector=first.sector_id)
    client, secret, _ = registry.register(own, is_operator=True)
    assert (client.client_id, secret, client.sector_id) == ("portal", GIVEN, first.sector_id)
    assert repository.events[-1].fields == ("client_id", "client_secret", "sector")


@pytest.mark.spec("RFC 7591", "2")
def test_anybody_else_may_not(registry: ClientRegistry) -> None:
    own = department(client_id="portal", client_secret=GIVEN, sector="sec_1")
    client, secret, ignored = registry.register(own, is_operator=False)
    assert client.client_id != "portal"
    assert client.sector_id != "sec_1"
    assert secret != GIVEN
    assert ignored == ("client_id", "client_secret", "sector")


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ({"client_id": "a b"}, ("client_id", "characters")),
        ({"client_id": ""}, ("client_id", "characters")),
        ({"client_id": "a:b"}, ("client_id", "characters")),
        ({"client_id": "portal\n"}, ("client_id", "characters")),
        ({"client_id": "x" * 129}, ("client_id", "characters")),
        ({"client_id": 5}, ("client_id", "characters")),
        ({"client_secret": "short"}, ("client_secret", "weak_secret")),
        ({"client_secret": 5}, ("client_secret", "not_text")),
        ({"sector": "portal.example.vn"}, ("sector", "not_sector")),
        ({"sector": "sec_"}, ("sector", "not_sector")),
        ({"sector": ["sec_1"]}, ("sector", "not_sector")),
        ({"sector": "sec_1\n"}, ("sector", "not_sector")),
        ({"sector": "sec_Portal"}, ("sector", "not_sector")),
        ({"client_secret": GIVEN, "token_endpoint_auth_method": "none"}, ("client_secret", "public_client")),
    ],
)
def test_what_an_operator_brings_is_checked(
    registry: ClientRegistry, own: dict[str, object], fault: tuple[str, str]
) -> None:
    assert refused(registry, department(**own)) == {fault}


def test_faults_of_the_operators_values_are_told_together_with_the_rest(registry: ClientRegistry) -> None:
    document = department(client_id="a b", client_secret="short", unit=None)
    assert {field for field, _ in refused(registry, document)} == {"client_id", "client_secret", "unit"}


def test_an_id_is_never_given_twice_not_even_after_removal(registry: ClientRegistry) -> None:
    registry.register(department(client_id="portal"), is_operator=True)
    registry.set_state("portal", "removed")
    with pytest.raises(ClientConflict):
        registry.register(department(client_id="portal"), is_operator=True)


def test_an_update_replaces_the_metadata_and_keeps_id_sector_and_secrets(
    registry: ClientRegistry, repository: MemoryClients
) -> None:
    client, secret, _ = registry.register(department(scope="openid profile", contacts=["a@b.vn"]), is_operator=True)
    moved = registry.update(client.client_id, department(redirect_uris=["https://new-host.example.vn/callback"]))
    assert moved.redirect_set == {"https://new-host.example.vn/callback"}
    assert (moved.client_id, moved.sector_id, moved.secrets) == (client.client_id, client.sector_id, client.secrets)
    assert moved.scope == {"openid"}
    assert moved.contacts == ()
    assert repository.events[-1].action == "update"
    assert repository.events[-1].fields == ("contacts", "redirect_uris", "scope")
    assert secret is not None
    assert secret not in repr(repository.events)


def test_an_update_that_changes_nothing_is_not_written(registry: ClientRegistry, repository: MemoryClients) -> None:
    client, secret, _ = registry.register(department(), is_operator=True)
    same = department(client_id=client.client_id, client_secret=secret, sector=client.sector_id)
    assert registry.update(client.client_id, same) == client
    assert [event.action for event in repository.events] == ["add"]


@pytest.mark.spec("RFC 7592", "2.2")
@pytest.mark.parametrize(
    "change", [{"client_id": "other"}, {"client_secret": GIVEN}, {"sector": "sec_other"}, {"sector_id": "sec_other"}]
)
def test_an_update_changes_neither_id_nor_secret_nor_sector(
    registry: ClientRegistry, change: dict[str, object]
) -> None:
    client, _, _ = registry.register(department(), is_operator=True)
    with pytest.raises(RegistrationRefused) as error:
        registry.update(client.client_id, department(**change))
    assert [(fault.field, fault.reason) for fault in error.value.errors] == [(next(iter(change)), "immutable")]


def test_a_client_that_becomes_public_loses_its_secrets_and_gets_a_new_one_on_the_way_back(
    registry: ClientRegistry,
) -> None:
    client, secret, _ = registry.register(department(), is_operator=True)
    assert secret is not None
    assert registry.update(client.client_id, department(token_endpoint_auth_method="none")).secrets == ()
    back = registry.update(client.client_id, department())
    assert not secrets.is_valid(back.secrets, secret, NOW)
    fresh_client, fresh = registry.rotate_secret(client.client_id)
    assert secrets.is_valid(fresh_client.secrets, fresh, NOW)


def test_rotation_gives_a_new_secret_beside_the_old_one(registry: ClientRegistry, repository: MemoryClients) -> None:
    client, old, _ = registry.register(department(), is_operator=True)
    assert old is not None
    rotated, new = registry.rotate_secret(client.client_id, overlap=60)
    assert secrets.is_valid(rotated.secrets, old, NOW + 59)
    assert not secrets.is_valid(rotated.secrets, old, NOW + 60)
    assert secrets.is_valid(rotated.secrets, new, NOW + 10**9)
    assert repository.events[-1].action == "rotate-secret"


def test_a_public_client_has_nothing_to_rotate(registry: ClientRegistry) -> None:
    client, _, _ = registry.register(native(), is_operator=True)
    with pytest.raises(RegistrationRefused) as error:
        registry.rotate_secret(client.client_id)
    assert [fault.reason for fault in error.value.errors] == ["public_client"]


def test_suspension_and_resumption_are_told_apart_from_removal(
    registry: ClientRegistry, repository: MemoryClients
) -> None:
    client, _, _ = registry.register(department(), is_operator=True)
    assert not registry.set_state(client.client_id, "suspended", note="đang kiểm tra").is_active
    registry.set_state(client.client_id, "suspended")
    assert registry.set_state(client.client_id, "active").is_active
    removed = registry.set_state(client.client_id, "removed")
    assert (removed.state, removed.secrets) == ("removed", ())
    assert [event.action for event in repository.events] == ["add", "suspend", "resume", "remove"]
    assert repository.events[1].note == "đang kiểm tra"


def test_a_removed_client_is_found_as_removed_and_by_no_command(registry: ClientRegistry) -> None:
    client, _, _ = registry.register(department(), is_operator=True)
    registry.set_state(client.client_id, "removed")
    found = registry.find(client.client_id)
    assert found is not None
    assert not found.is_active
    assert registry.all() == ()
    for act in (
        lambda: registry.known(client.client_id),
        lambda: registry.update(client.client_id, department()),
        lambda: registry.rotate_secret(client.client_id),
        lambda: registry.set_state(client.client_id, "active"),
    ):
        with pytest.raises(ClientNotFound):
            act()


def test_a_change_that_somebody_else_overtook_is_refused(registry: ClientRegistry, repository: MemoryClients) -> None:
    client, _, _ = registry.register(department(), is_operator=True)

    def suspend() -> None:
        make_registry(repository).set_state(client.client_id, "suspended")

    repository.before_replace = suspend
    with pytest.raises(ClientConflict):
        registry.update(client.client_id, department(scope="openid profile"))
    kept = registry.known(client.client_id)
    assert kept.state == "suspended"
    assert kept.scope == {"openid"}


def test_another_process_learns_of_a_change_from_the_version(repository: MemoryClients) -> None:
    ours, theirs = make_registry(repository), make_registry(repository)
    client, _, _ = ours.register(department(), is_operator=True)
    assert theirs.find(client.client_id) == client
    suspended = ours.set_state(client.client_id, "suspended")
    assert theirs.find(client.client_id) == client
    theirs.observe(suspended.version)
    assert theirs.find(client.client_id) == suspended


def test_a_version_that_is_known_asks_the_store_nothing(registry: ClientRegistry, repository: MemoryClients) -> None:
    client, _, _ = registry.register(department(), is_operator=True)
    before = repository.reads
    for version in range(client.version + 1):
        registry.observe(version)
    registry.find(client.client_id)
    registry.find("nobody")
    assert repository.reads == before


def test_threads_that_see_the_same_new_version_reload_once(repository: MemoryClients) -> None:
    ours, theirs = make_registry(repository), make_registry(repository)
    client, _, _ = ours.register(department(), is_operator=True)
    before, barrier = repository.reads, Barrier(8)

    def look(_: int) -> object:
        barrier.wait()
        theirs.observe(client.version)
        return theirs.find(client.client_id)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(8))) == [client] * 8
    assert repository.reads == before + 1


def test_a_look_is_repeated_only_after_the_stated_age(repository: MemoryClients) -> None:
    clock = [100.0]
    registry = make_registry(repository, monotonic=lambda: clock[0])
    registry.refresh_if_older_than(5)
    registry.refresh_if_older_than(5)
    assert repository.reads == 1
    clock[0] += 5
    registry.refresh_if_older_than(5)
    assert repository.reads == 2


def test_who_is_not_known_is_looked_for_at_once_however_fresh_the_last_look_is(repository: MemoryClients) -> None:
    here, there = make_registry(repository), make_registry(repository)
    here.refresh()
    client, _, _ = there.register(department(), is_operator=True)
    assert here.find(client.client_id) is None
    assert here.sought(client.client_id) == client
    assert here.sought("nobody") is None


def test_those_who_wait_for_a_look_share_the_one_that_began_after_they_came(repository: MemoryClients) -> None:
    """A flood of made-up names costs the store one question at a time, not one each."""
    moments = count()

    class Overtaken(AbstractContextManager[None]):
        """A lock before which somebody else goes first, once."""

        has_waited = False

        def __enter__(self) -> None:
            if not self.has_waited:
                self.has_waited = True
                crowded.refresh()

        def __exit__(self, *_: object) -> None:
            return None

    crowded = ClientRegistry(repository, lambda: NOW, new_ids(), lambda: next(moments), Overtaken())
    crowded.refresh()
    assert repository.reads == 1
    crowded.refresh()
    assert repository.reads == 2, "an earlier look is not enough"


def test_a_reload_reads_only_what_changed(registry: ClientRegistry, repository: MemoryClients) -> None:
    kept, _, _ = registry.register(department(), is_operator=True)
    changed, _, _ = registry.register(department(), is_operator=True)
    before = registry.find(kept.client_id)
    repository.clients[kept.client_id] = replace(kept, unit="other")
    registry.set_state(changed.client_id, "suspended")
    assert registry.find(kept.client_id) is before


def test_an_unreachable_store_leaves_what_is_known_and_says_so(
    registry: ClientRegistry, repository: MemoryClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _, _ = registry.register(department(), is_operator=True)

    def unreachable() -> int:
        raise OSError

    monkeypatch.setattr(repository, "version", unreachable)
    with pytest.raises(OSError):
        registry.observe(client.version + 1)
    assert registry.find(client.client_id) == client
