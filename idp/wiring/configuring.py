"""The parts of a configuration beside clients and grants."""

from __future__ import annotations

from typing import cast

from idp.federation.members import Members
from idp.flows.administration.configuration_parts import EndClient, Parts, PartStores
from idp.flows.administration.staged_parts import StagedFederation, StagedStreams, StagedTokens
from idp.ports.federation import FederationStore
from idp.ports.initial_tokens import InitialTokenStore
from idp.ports.signals import SignalStore
from idp.services.initial_tokens import InitialTokenService
from idp.services.streams import StreamService
from idp.storage.configuration import ConfiguredStores
from idp.wiring.data_rights import DataRights

_OPERATOR = "operator:local"


def configured_parts(wiring: DataRights, stores: ConfiguredStores) -> Parts:
    """Return what exports and applies them; the services are the ones that write them everywhere, over stores that collect."""

    def members(store: StagedFederation, end_client: EndClient) -> Members:
        staged = cast("FederationStore", store)
        loopback = wiring.settings.is_loopback
        return Members(staged, wiring.authority, wiring.audit, wiring.clock, end_client, loopback=loopback)

    def streams(store: StagedStreams) -> StreamService:
        return StreamService(cast("SignalStore", store), wiring.audit, wiring.clock, _OPERATOR)

    def tokens(store: StagedTokens) -> InitialTokenService:
        return InitialTokenService(
            cast("InitialTokenStore", store),
            wiring.audit,
            wiring.clock,
            require_pkce=wiring.settings.registration.require_pkce,
            grants=wiring.clients.grants,
        )

    def end_client(client_id: str, note: str) -> None:
        wiring.clients.end(client_id, note=note)

    made = PartStores(stores.federation, stores.signals, stores.tokens, members, streams, tokens, end_client)
    return Parts(made, wiring.clock)
