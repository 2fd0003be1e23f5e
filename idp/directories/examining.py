"""Why a directory does not work: every step of a sign-in one by one, each server on its own, with what is wrong and what to do about it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from ldap3 import Connection
from ldap3.core.exceptions import LDAPException

from idp.config.directories import Directory
from idp.directories.dialect import Dialect
from idp.directories.reading import EntryReader
from idp.directories.searching import NO_ATTRIBUTES, Raw, Searcher
from idp.directories.servers import Endpoint, ServerFailedError, Servers, bind_service
from idp.directories.tls import context
from idp.errors import DirectoryUnavailable
from idp.model.directory import Check

_SAMPLE: Final = 20
_SECONDS: Final = 30


class Examiner:
    """Examines one directory; every step yields a ``Check``, and a step that fails ends those that build on it."""

    def __init__(self, settings: Directory, servers: Servers, reader: EntryReader, dialect: Dialect) -> None:
        """Take the directory's parts."""
        self._settings = settings
        self._servers = servers
        self._reader = reader
        self._dialect = dialect
        self._working: Endpoint | None = None

    def servers(self) -> Iterator[Check]:
        """Yield the steps from the name of each server to the entries that it shows."""
        for endpoint in self._servers.endpoints:
            before_protocol = (self._name, self._reach, self._encrypt)
            for step in before_protocol:
                check = step(endpoint)
                yield check
                if check.state == "failed":
                    break
            else:
                yield from self._speak(endpoint)

    def roles(self, groups: Sequence[str]) -> Iterator[Check]:
        """Yield whether the groups of the mapping exist, at the first server that works."""
        if self._working is None:
            yield Check("roles", "skipped", "no server works")
            return
        if not groups:
            advice = "declare [[directories.sources.roles]]: without them officials sign in and have no role"
            yield Check("roles", "warning", "no group gives a role", self._working.url, advice)
            return
        yield from self._guarded(self._working, "roles", lambda connection: self._group_checks(connection, groups))

    def _name(self, endpoint: Endpoint) -> Check:
        try:
            found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        except OSError as error:
            return Check(
                "dns", "failed", str(error), endpoint.url, "check the host name and the name server of this machine"
            )
        return Check("dns", "ok", ", ".join(sorted({str(address[4][0]) for address in found})), endpoint.url)

    def _reach(self, endpoint: Endpoint) -> Check:
        try:
            socket.create_connection((endpoint.host, endpoint.port), self._settings.connect_timeout).close()
        except OSError as error:
            advice = "check the port, the firewall between here and there, and whether the server runs"
            return Check("tcp", "failed", str(error), endpoint.url, advice)
        return Check("tcp", "ok", f"port {endpoint.port} is open", endpoint.url)

    def _encrypt(self, endpoint: Endpoint) -> Check:
        if not endpoint.is_ldaps and not self._settings.starttls:
            return Check(
                "tls", "warning", "no TLS, on loopback", endpoint.url, "use ldaps:// or starttls on any other host"
            )
        try:
            return self._handshake(endpoint)
        except (LDAPException, ServerFailedError, OSError) as error:
            # ldap3 wraps what ``ssl`` raised into classes of its own, so the text has to tell.
            text = getattr(error, "verify_message", "") or str(error)
            return Check("tls", "failed", text, endpoint.url, _tls_advice(text))

    def _handshake(self, endpoint: Endpoint) -> Check:
        if not endpoint.is_ldaps:
            with self._servers.connection(endpoint, _SECONDS) as connection:
                return _encrypted(endpoint, connection.socket)
        made = context(self._settings.ca_file)
        with (
            socket.create_connection((endpoint.host, endpoint.port), self._settings.connect_timeout) as plain,
            made.wrap_socket(plain, server_hostname=endpoint.host) as wrapped,
        ):
            return _encrypted(endpoint, wrapped)

    def _speak(self, endpoint: Endpoint) -> Iterator[Check]:
        done = tuple(self._guarded(endpoint, "bind", lambda connection: self._entries(endpoint, connection)))
        yield from done
        if self._working is None and all(check.state != "failed" for check in done):
            self._working = endpoint

    def _guarded(self, endpoint: Endpoint, step: str, act: Callable[[Connection], Iterator[Check]]) -> Iterator[Check]:
        done: list[Check] = []
        try:
            with self._servers.connection(endpoint, _SECONDS) as connection:
                bind_service(connection, self._settings)
                done.extend(replace(check, server=endpoint.url) for check in act(connection))
        except DirectoryUnavailable as error:
            done.append(
                Check("base", "failed", str(error), endpoint.url, "check base, filter and what bind_dn may read")
            )
        except (ServerFailedError, LDAPException, OSError) as error:
            done.append(Check(step, "failed", str(error), endpoint.url, "check bind_dn and its password file"))
        yield from done

    def _entries(self, endpoint: Endpoint, connection: Connection) -> Iterator[Check]:
        yield Check("bind", "ok", self._settings.bind_dn or "anonymous", endpoint.url)
        search = Searcher(connection, self._settings.name, self._settings.page_size, self._dialect.search_controls)
        found = search.few(self._settings.base, self._settings.filter, self._reader.attributes, _SAMPLE)
        if not found.entries:
            advice = "nobody matches: check base, filter and what bind_dn may read"
            yield Check("search", "failed", "no entries", endpoint.url, advice)
            return
        how_many = f"at least {len(found.entries)}" if found.why else str(len(found.entries))
        yield Check("search", "ok", f"{how_many} entries", endpoint.url)
        yield from self._attributes(found.entries)

    def _attributes(self, entries: Sequence[Raw]) -> Iterator[Check]:
        read = [entry for entry in map(self._reader.entry, entries) if entry is not None]
        if len(read) < len(entries):
            missing = f"{len(entries) - len(read)} of {len(entries)} show no {self._reader.link_attribute}"
            yield Check("attributes", "failed", missing, advice="let bind_dn read it: it is what people are known by")
            return
        empty = [column for column in self._reader.columns if not any(column in entry.profile for entry in read)]
        if "name" in empty:
            yield Check("attributes", "warning", "nobody has a name", advice="map `name` under attributes")
        else:
            yield Check(
                "attributes", "ok", f"nobody has {', '.join(empty)}" if empty else "each column is filled by somebody"
            )

    def _group_checks(self, connection: Connection, groups: Sequence[str]) -> Iterator[Check]:
        search = Searcher(connection, self._settings.name, self._settings.page_size, self._dialect.search_controls)
        for group in groups:
            if search.one(group, NO_ATTRIBUTES) is None:
                yield Check(
                    "roles",
                    "failed",
                    f"no such group: {group}",
                    advice="check its distinguished name and what bind_dn may read",
                )
            else:
                yield Check("roles", "ok", group)


def _encrypted(endpoint: Endpoint, held: ssl.SSLSocket) -> Check:
    certificate = held.getpeercert() or {}
    return Check("tls", "ok", f"{held.version()}, certificate until {certificate.get('notAfter', '?')}", endpoint.url)


def _tls_advice(text: str) -> str:
    low = text.lower()
    if "mismatch" in low or "not valid for" in low:
        return "the certificate names another host: use that name in `servers`, or have a certificate made for this one"
    if "expired" in low:
        return "the certificate has expired: have it renewed"
    if "certificate" in low:
        return "name the authority that issued the certificate in ca_file"
    return "check that the port speaks TLS as configured, and that ca_file can be read"
