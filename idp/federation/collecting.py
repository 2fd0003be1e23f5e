"""Finds trust chains: asks entities and their superiors for statements, within a budget, until an anchor is reached.

OpenID Federation 1.0 section 10.1. Everything here is led by strangers: an entity names its superiors, they name theirs, and each name is an address
that we are asked to visit. So the depth, the number of visits, the time and the size are bounded, a loop ends, a failure is remembered for a
while, and every visit goes through the guarded fetcher.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Final, Protocol

from idp.clock import Clock
from idp.errors import DomainError, Refused
from idp.federation.chains import MAX_STATEMENTS, Anchors, TrustChain, validated
from idp.federation.entity_ids import configuration_url, fetch_url
from idp.federation.errors import AnchorUnknown, ChainRefused, NoEntity, StatementRefused
from idp.federation.statements import MAX_STATEMENT, STATEMENT, Statement, read, verified
from idp.ports.fetcher import Fetcher
from policies.federation.constraints import ALWAYS_ALLOWED

MEDIA_TYPE: Final = f"application/{STATEMENT}"
MAX_DEPTH: Final = MAX_STATEMENTS - 2
"""Superiors between the subject and, counted, the anchor."""
MAX_VISITS: Final = 24
MAX_SECONDS: Final = 15
"""Of one search, all in all; each visit has the fetcher's own bound."""
MAX_SEARCHES: Final = 4
"""Searches at once in one process: strangers start them, so they must not take every thread."""
FAILURE_AGE: Final = 60
"""Seconds for which a search that found nothing is not made again."""
LONGEST_AGE: Final = 3600
"""Seconds for which a found chain is used again, at most; never beyond its own end."""
_MOST: Final = 2048


class Entities(Protocol):
    """Entities that this process itself serves: they are asked in the house, not over the network."""

    def configuration(self, entity_id: str) -> str | None:
        """Return an entity's configuration; None for one that is not ours."""
        ...

    def statement(self, issuer: str, subject: str) -> str | None:
        """Return the statement of one of ours about a subject; None where the issuer is not ours or does not vouch for it."""
        ...

    def is_ours(self, entity_id: str) -> bool:
        """Tell whether the identifier lies in the part of the name space that we serve."""
        ...


@dataclass(slots=True)
class _Budget:
    """What a search may still spend: visits, and a moment (epoch seconds) after which it ends."""

    visits: int
    ends_at: int


class ChainFinder:
    """Finds and remembers chains. One a process."""

    def __init__(
        self, fetcher: Fetcher, ours: Entities, anchors: Callable[[], Anchors], clock: Clock, *, loopback: bool
    ) -> None:
        """Take the guarded fetcher, our own entities, the anchors that we trust; ``loopback`` lets http entities of this machine in."""
        self._fetcher = fetcher
        self._ours = ours
        self._anchors = anchors
        self._clock = clock
        self._loopback = loopback
        self._found: OrderedDict[tuple[str, tuple[str, ...]], tuple[int, TrustChain | DomainError]] = OrderedDict()
        self._searches = BoundedSemaphore(MAX_SEARCHES)

    def find(self, subject: str, anchors: Sequence[str] = (), *, fresh: bool = False) -> TrustChain:
        """Return a chain from ``subject`` to one of ``anchors`` (by default any that we trust), a remembered one unless ``fresh``.

        Raises ``ChainRefused`` and its kin. A failure is remembered too, ``fresh`` or not: it is strangers who make us search.
        """
        wanted, now = (subject, tuple(sorted(anchors))), self._clock.now()
        known = self._found.get(wanted)
        if known is not None and now < known[0]:
            if isinstance(known[1], DomainError):
                raise known[1]
            if not fresh:
                return known[1]
        return self._remembered(wanted, lambda: self._search(self._subject(subject), anchors))

    def from_configuration(self, configuration: Statement, anchors: Sequence[str] = ()) -> TrustChain:
        """Return a chain that begins with a configuration that came to us by hand (explicit registration), to one of ``anchors`` as in ``find``."""
        return self._bounded(lambda: self._search(configuration, anchors))

    @property
    def anchors(self) -> Anchors:
        """Return the anchors that we trust."""
        return self._anchors()

    def _remembered(self, wanted: tuple[str, tuple[str, ...]], search: Callable[[], TrustChain]) -> TrustChain:
        now = self._clock.now()
        try:
            chain = self._bounded(search)
        except Refused as error:
            self._keep(wanted, now + FAILURE_AGE, error)
            raise
        self._keep(wanted, min(chain.expires_at, now + LONGEST_AGE), chain)
        return chain

    def _bounded(self, search: Callable[[], TrustChain]) -> TrustChain:
        if not self._searches.acquire(blocking=False):
            raise Refused("too many searches at once", code="temporarily_unavailable", field="too_many_searches")
        try:
            return search()
        finally:
            self._searches.release()

    def _subject(self, entity_id: str) -> Statement:
        try:
            return self._configuration(entity_id, self._budget())
        except DomainError as error:
            if error.code == "temporarily_unavailable":
                raise
            reason = error.field if isinstance(error, StatementRefused) and error.field else error.code
            raise NoEntity(reason, f"no entity answers at {entity_id}: {error}") from error

    def _budget(self) -> _Budget:
        return _Budget(MAX_VISITS, self._clock.now() + MAX_SECONDS)

    def _search(self, configuration: Statement, anchors: Sequence[str]) -> TrustChain:
        trusted = self._anchors()
        wanted = {name: trusted[name] for name in (anchors or trusted) if name in trusted}
        failure: StatementRefused | None = None
        for statements in self._paths(configuration, wanted, self._budget()):
            try:
                return validated(statements, wanted, self._clock.now())
            except StatementRefused as error:
                failure = failure or error
        raise failure or AnchorUnknown("anchor_unknown", f"no superior of {configuration.subject} leads to an anchor")

    def _paths(self, start: Statement, anchors: Mapping[str, object], budget: _Budget) -> Iterator[list[Statement]]:
        """Yield every list of statements that ends at an anchor, depth first, in the order of the hints."""
        verified(start, start.keys, self._clock.now())
        if start.subject in anchors:
            yield [start]
            return
        waiting: list[tuple[Statement, list[Statement], tuple[str, ...]]] = [(start, [start], (start.subject,))]
        while waiting:
            entity, below, path = waiting.pop()
            further = []
            for hint in entity.hints:
                # A superior that is below already is a loop, and one beyond the depth has no end that we would reach.
                if hint in path or len(path) > MAX_DEPTH:
                    continue
                step = self._step(hint, entity.subject, budget)
                if step is None:
                    continue
                superior, statement = step
                if hint in anchors:
                    yield [*below, statement, superior]
                elif superior.hints:
                    further.append((superior, [*below, statement], (*path, hint)))
            waiting.extend(reversed(further))

    def _step(self, superior: str, subject: str, budget: _Budget) -> tuple[Statement, Statement] | None:
        """Return a superior's configuration and its statement about the subject; None where this way leads nowhere."""
        try:
            configuration = self._configuration(superior, budget)
            verified(configuration, configuration.keys, self._clock.now())
            statement = self._statement(configuration, subject, budget)
            return configuration, verified(statement, configuration.keys, self._clock.now())
        except _Spent:
            raise
        except DomainError as error:
            if error.code == "temporarily_unavailable":
                raise
            return None

    def _configuration(self, entity_id: str, budget: _Budget) -> Statement:
        token = self._ours.configuration(entity_id)
        if token is None:
            if self._ours.is_ours(entity_id):
                raise ChainRefused("entity_gone", "an entity of ours that does not exist (any more)")
            token = self._fetched(configuration_url(entity_id), budget)
        statement = read(token, loopback=self._loopback)
        if not statement.is_configuration or statement.subject != entity_id:
            raise StatementRefused("statement_subject", "the configuration is somebody else's")
        return statement

    def _statement(self, superior: Statement, subject: str, budget: _Budget) -> Statement:
        token = self._ours.statement(superior.subject, subject)
        if token is None:
            if self._ours.is_ours(superior.subject):
                raise ChainRefused("not_subordinate", "one of ours does not vouch for the entity")
            endpoint = superior.metadata.get(ALWAYS_ALLOWED, {}).get("federation_fetch_endpoint")
            if not isinstance(endpoint, str) or "#" in endpoint:
                raise StatementRefused("no_fetch_endpoint", "the superior has no fetch endpoint")
            token = self._fetched(fetch_url(endpoint, subject), budget)
        statement = read(token, loopback=self._loopback)
        if statement.issuer != superior.subject or statement.subject != subject:
            raise StatementRefused("statement_subject", "the statement is about, or by, somebody else")
        return statement

    def _fetched(self, url: str, budget: _Budget) -> str:
        if budget.visits <= 0 or self._clock.now() >= budget.ends_at:
            raise _Spent("search_too_long", "the search for a chain took too many visits or too long")
        budget.visits -= 1
        answer = self._fetcher.get(url, MEDIA_TYPE)
        if answer.status != _OK or answer.content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise StatementRefused("not_a_statement", f"the address answered {answer.status}, or with another type")
        if len(answer.body) > MAX_STATEMENT or not answer.body.isascii():
            raise StatementRefused("statement_malformed", "the answer is no statement, or too long")
        return answer.body.decode("ascii").strip()

    def _keep(self, wanted: tuple[str, tuple[str, ...]], until: int, result: TrustChain | DomainError) -> None:
        self._found[wanted] = until, result
        self._found.move_to_end(wanted)
        if len(self._found) > _MOST:
            self._found.popitem(last=False)


class _Spent(ChainRefused):
    """The budget of a search is spent."""


_OK: Final = 200
