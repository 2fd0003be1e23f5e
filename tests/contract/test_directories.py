"""``ports.directories.Directory`` over a real slapd, in both dialects: Active Directory's by a schema that has its attributes."""

from __future__ import annotations

import uuid
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from idp.directories import active_directory
from idp.directories.directory import LdapDirectory
from idp.errors import AmbiguousEntry, DirectoryUnavailable
from idp.model.directory import Proof
from policies.officials.comparison import Standing
from tests.support.officials import directory_of
from tests.support.slapd import CLERKS, GROUPS, LEADERS, PASSWORD, PEOPLE, SlapdServer, tree
from tests.support.stores import running

pytestmark = pytest.mark.servers
RIGHT = PASSWORD.encode()
GUIDS = {name: uuid.uuid5(uuid.NAMESPACE_OID, name) for name in ("an", "chi", "dung", "em")}
FLAGS = {
    "an": "userAccountControl: 512",
    "chi": "userAccountControl: 514",
    "dung": "accountExpires: 1",
    "em": "pwdLastSet: 0",
}


LEADING = 1234


def sid(number: int, domain: int = 3) -> bytes:
    """Return the SID of something of the sample domain, S-1-5-21-1-2-3-number, or of another."""
    return bytes((1, 5, 0, 0, 0, 0, 0, 5)) + b"".join(one.to_bytes(4, "little") for one in (21, 1, 2, domain, number))


def ad_person(name: str) -> str:
    guid = b64encode(GUIDS[name].bytes_le).decode()
    lines = (
        f"dn: cn={name},{PEOPLE}", "objectClass: user", f"cn: {name}", "sn: Cán", f"displayName: Cán bộ mẫu {name}",
        f"objectGUID:: {guid}", f"sAMAccountName: {name}", f"userPrincipalName: {name}@qnam.example",
        f"userPassword: {PASSWORD}", FLAGS[name], "departmentNumber: 20194",
        f"objectSid:: {b64encode(sid(1000 + sorted(GUIDS).index(name))).decode()}",
        f"primaryGroupID: {LEADING if name == 'em' else 513}",
    )  # fmt: skip
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def ad_office() -> Iterator[SlapdServer]:
    with running(SlapdServer(tree(*map(ad_person, GUIDS)), active_directory=True)) as server:
        server.group(f"cn=to-1,{GROUPS}", f"cn=an,{PEOPLE}", kind="group")
        server.group(CLERKS, f"cn=an,{PEOPLE}", f"cn=chi,{PEOPLE}", kind="group")
        server.group(LEADERS, f"cn=chi,{PEOPLE}", kind="group")
        server.group(f"cn=toan-so,{GROUPS}", LEADERS, kind="group")
        server.change(LEADERS, objectSid=sid(LEADING))
        server.change(CLERKS, objectSid=sid(LEADING, domain=4))
        yield server


def test_active_directorys_primary_group_counts_though_it_lists_nobody(
    ad_office: SlapdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(active_directory, "IN_CHAIN", "2.5.13.1")
    directory = directory_of(ad_office, dialect="active-directory", filter="(objectClass=user)")
    entry = directory.find("em")
    assert entry is not None
    assert directory.groups(entry) == {LEADERS, f"cn=toan-so,{GROUPS}"}
    other = directory.find("an")
    assert other is not None
    assert LEADERS not in directory.groups(other)
    listing = directory.listing()
    assert listing.is_whole
    assert listing.groups[entry.link] == {LEADERS}, "and not the group of another domain that has the same number"


@dataclass(frozen=True)
class Subject:
    """A directory under the contract, and the link of its official ``an``."""

    directory: LdapDirectory
    link: str | None


@pytest.fixture(params=["openldap", "active-directory"])
def subject(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Subject:
    if request.param == "openldap":
        return Subject(directory_of(request.getfixturevalue("office")), None)
    # slapd knows no rule that follows chains; the rule for equal names stands in its place and finds who is in a group directly.
    monkeypatch.setattr(active_directory, "IN_CHAIN", "2.5.13.1")
    server: SlapdServer = request.getfixturevalue("ad_office")
    return Subject(directory_of(server, dialect="active-directory", filter="(objectClass=user)"), str(GUIDS["an"]))


def test_one_entry_is_found_by_its_name_in_any_case_and_known_by_its_immutable_link(subject: Subject) -> None:
    entry = subject.directory.find("an")
    assert entry is not None
    assert entry == subject.directory.find("AN")
    assert subject.link in {None, entry.link}
    assert (entry.standing, entry.unit, entry.profile["name"]) == (Standing.ACTIVE, "20194", "Cán bộ mẫu an")


@pytest.mark.spec("RFC 4515", "3")
@pytest.mark.parametrize("name", ["*)(uid=*", "*", "an*", "a\\6e", ")(objectClass=*", "an\\00", "nobody", "(an)"])
def test_a_name_is_never_a_part_of_the_filter(subject: Subject, name: str) -> None:
    assert subject.directory.find(name) is None


def test_the_right_password_brings_the_entry_as_it_is_now_with_its_groups(subject: Subject) -> None:
    verified = subject.directory.verify(subject.directory.find("an"), RIGHT)
    assert verified.proof is Proof.RIGHT
    assert verified.entry is not None
    assert verified.entry.profile["preferred_username"] == "an"
    assert CLERKS in verified.groups


def test_a_wrong_password_and_nobody_at_all_are_wrong_alike(subject: Subject) -> None:
    assert subject.directory.verify(subject.directory.find("an"), b"x").proof is Proof.WRONG
    assert subject.directory.verify(None, RIGHT).proof is Proof.WRONG


@pytest.mark.spec("RFC 4513", "5.1.2")
def test_an_empty_password_is_never_sent(subject: Subject) -> None:
    entry = subject.directory.find("an")
    for who in (entry, None):
        with pytest.raises(ValueError, match=r"5\.1\.2"):
            subject.directory.verify(who, b"")


@pytest.mark.parametrize(
    ("name", "proof"), [("chi", Proof.DISABLED), ("dung", Proof.EXPIRED), ("em", Proof.MUST_CHANGE)]
)
def test_the_right_password_of_somebody_who_may_not_work_now_says_why(
    subject: Subject, name: str, proof: Proof
) -> None:
    verified = subject.directory.verify(subject.directory.find(name), RIGHT)
    assert (verified.proof, verified.entry, verified.groups) == (proof, None, frozenset())


def test_a_listing_is_whole_and_holds_everybody_with_standing_and_the_groups_of_the_mapping(subject: Subject) -> None:
    listing = subject.directory.listing()
    assert (listing.is_whole, listing.why) == (True, "")
    by_name = {entry.profile["preferred_username"]: entry for entry in listing.entries.values()}
    assert by_name["chi"].standing is Standing.DISABLED
    assert listing.groups[by_name["an"].link] == {CLERKS}
    assert CLERKS not in listing.groups.get(by_name["em"].link, frozenset())


def test_a_name_that_became_another_persons_after_the_search_signs_nobody_in(own_office: SlapdServer) -> None:
    directory = directory_of(own_office)
    entry = directory.find("an")
    own_office.remove(f"uid=an,{PEOPLE}")
    with own_office.root() as connection:
        values = {"uid": "an", "cn": "Người khác", "sn": "Khác", "userPassword": PASSWORD}
        assert connection.add(f"uid=an,{PEOPLE}", ["inetOrgPerson"], values), connection.result
    assert directory.verify(entry, RIGHT).proof is Proof.CHANGED


def test_groups_within_groups_count_and_a_ring_of_them_ends(office: SlapdServer) -> None:
    directory = directory_of(office)
    verified = directory.verify(directory.find("binh"), RIGHT)
    assert verified.groups == {CLERKS, f"cn=to-1,{GROUPS}", f"cn=to-2,{GROUPS}"}
    entry = directory.find("binh")
    assert entry is not None
    assert directory.listing().groups[entry.link] == {CLERKS}


def test_member_of_is_believed_only_where_the_operator_says_that_an_overlay_writes_it(office: SlapdServer) -> None:
    def groups(**values: object) -> frozenset[str]:
        directory = directory_of(office, group_base=PEOPLE, **values)
        return directory.verify(directory.find("an"), RIGHT).groups

    assert groups() == frozenset()
    assert groups(member_of=True) == {CLERKS}


def test_groups_that_a_server_cuts_short_are_no_answer(own_office: SlapdServer) -> None:
    directory = directory_of(own_office)
    own_office.limit("size.prtotal=0 size.soft=1 size.hard=1")
    with pytest.raises(DirectoryUnavailable, match="answers"):
        directory.verify(directory.find("binh"), RIGHT)


def test_two_entries_for_one_name_are_nobodys(office: SlapdServer) -> None:
    with pytest.raises(AmbiguousEntry):
        directory_of(office).find("doi")
    assert directory_of(office, base=f"ou=khac,{PEOPLE}").find("doi") is not None


@pytest.mark.parametrize(("name", "proof"), [("giang", Proof.PASSWORD_EXPIRED), ("chi", Proof.DISABLED)])
def test_openldaps_policy_tells_an_expired_password_and_a_locked_account_apart(
    office: SlapdServer, name: str, proof: Proof
) -> None:
    directory = directory_of(office)
    assert directory.verify(directory.find(name), RIGHT).proof is proof


def test_too_many_wrong_passwords_lock_in_the_directory_and_the_reason_says_so(own_office: SlapdServer) -> None:
    own_office.change("cn=default,dc=qnam,dc=example", pwdMaxFailure="2")
    directory = directory_of(own_office)
    proofs = [directory.verify(directory.find("an"), word).proof for word in (b"x", b"y", RIGHT)]
    assert proofs == [Proof.WRONG, Proof.WRONG, Proof.LOCKED]


def test_what_the_server_cuts_short_is_no_whole_answer(office: SlapdServer) -> None:
    partial = directory_of(office, base="dc=qnam,dc=example", filter="(objectClass=*)").listing()
    assert not partial.is_whole
    assert partial.why


@pytest.mark.parametrize(
    "values",
    [
        {"base": "ou=nowhere,dc=qnam,dc=example"},
        {"base": "ou=xa,dc=qnam,dc=example"},
        {"base": "no name at all"},
        {"filter": "(uid=)(x)"},
        {"link_attribute": "description"},
        {"bind_dn": "cn=nobody,dc=qnam,dc=example"},
    ],
)
def test_a_wrong_configuration_and_a_referral_are_a_directory_out_of_reach_and_never_nobody(
    office: SlapdServer, values: dict[str, str]
) -> None:
    with pytest.raises(DirectoryUnavailable):
        directory_of(office, **values).find("an")
