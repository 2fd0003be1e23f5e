"""Protocol errors: exceptions that know their wire code, their status, and what an operator needs to read.

``description`` is for the client's developer and safe to send; ``reason`` is a stable id for the audit log and for tests. Whether an error
may be redirected is decided by where it is raised: before the redirect URI is validated it is shown, after that it is redirected.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final

_NOT_PERMITTED: Final = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""The characters that ``error_description`` must not have (RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3, CIBA section 13)."""


class ProtocolError(Exception):
    """The base of all errors that have a code on the wire (RFC 6749 sections 4.1.2.1 and 5.2)."""

    error: ClassVar[str] = "server_error"
    status: ClassVar[int] = 400
    is_recorded: ClassVar[bool] = True
    """False for what a well-behaved client gets every few seconds: no refusal of anything."""

    def __init__(self, description: str, *, reason: str = "", headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Keep the developer's sentence, the reason id (by default the wire code itself), and headers that the answer must have."""
        super().__init__(description)
        # What a stranger named, a parameter or a claim, stands in some sentences: here every one of them is made fit to be sent.
        self.description = _NOT_PERMITTED.sub("?", description)
        self.reason = reason or self.error
        self.headers = headers


class InvalidRequest(ProtocolError):
    """RFC 6749 sections 4.1.2.1 and 5.2."""

    error = "invalid_request"


class InvalidClient(ProtocolError):
    """RFC 6749 section 5.2; always 401, so that unknown clients and wrong secrets look the same."""

    error = "invalid_client"
    status = 401


CLIENT_UNPROVEN: Final = (
    "client authentication failed: see that client_id and its credential are right, and that it is sent by the registered "
    "token_endpoint_auth_method (client_secret_basic where none was named)"
)
"""Of every failure the same, so that it tells nobody which; libraries differ in how they send a secret when they are told none."""


class InvalidGrant(ProtocolError):
    """RFC 6749 section 5.2."""

    error = "invalid_grant"


class UnauthorizedClient(ProtocolError):
    """RFC 6749 sections 4.1.2.1 and 5.2."""

    error = "unauthorized_client"


class UnsupportedGrantType(ProtocolError):
    """RFC 6749 section 5.2."""

    error = "unsupported_grant_type"


class UnsupportedResponseType(ProtocolError):
    """RFC 6749 section 4.1.2.1."""

    error = "unsupported_response_type"


class InvalidScope(ProtocolError):
    """RFC 6749 sections 4.1.2.1 and 5.2."""

    error = "invalid_scope"


class AccessDenied(ProtocolError):
    """RFC 6749 section 4.1.2.1."""

    error = "access_denied"


class AuthorizationPending(ProtocolError):
    """RFC 8628 section 3.5, CIBA section 11: the person has not answered yet."""

    error = "authorization_pending"
    is_recorded = False


class SlowDown(ProtocolError):
    """RFC 8628 section 3.5, CIBA section 11: the client polls faster than it was told."""

    error = "slow_down"
    is_recorded = False


class ExpiredToken(ProtocolError):
    """RFC 8628 section 3.5, CIBA section 11: the request ran out before the person answered."""

    error = "expired_token"


class InvalidBindingMessage(ProtocolError):
    """CIBA section 13."""

    error = "invalid_binding_message"


class LoginRequired(ProtocolError):
    """OpenID Connect Core section 3.1.2.6."""

    error = "login_required"


class InteractionRequired(ProtocolError):
    """OpenID Connect Core section 3.1.2.6."""

    error = "interaction_required"


class ConsentRequired(ProtocolError):
    """OpenID Connect Core section 3.1.2.6."""

    error = "consent_required"


class AccountSelectionRequired(ProtocolError):
    """OpenID Connect Core section 3.1.2.6."""

    error = "account_selection_required"


class UnmetAuthenticationRequirements(ProtocolError):
    """OpenID Connect Core Unmet Authentication Requirements 1.0."""

    error = "unmet_authentication_requirements"


class InvalidRequestUri(ProtocolError):
    """RFC 9101 section 6.3: the reference leads to no request; never told apart whether it is unknown, used, expired or another client's."""

    error = "invalid_request_uri"


class InvalidRequestObject(ProtocolError):
    """RFC 9101 section 7."""

    error = "invalid_request_object"


class InvalidTarget(ProtocolError):
    """RFC 8707 section 2."""

    error = "invalid_target"


class InvalidAuthorizationDetails(ProtocolError):
    """RFC 9396 section 5."""

    error = "invalid_authorization_details"


class RegistrationNotSupported(ProtocolError):
    """OpenID Connect Core section 7.2.1."""

    error = "registration_not_supported"


class InvalidTrustAnchor(ProtocolError):
    """OpenID Federation 1.0 section 8.9."""

    error = "invalid_trust_anchor"


class InvalidTrustChain(ProtocolError):
    """OpenID Federation 1.0 section 8.9."""

    error = "invalid_trust_chain"


class InvalidMetadata(ProtocolError):
    """OpenID Federation 1.0 section 8.9."""

    error = "invalid_metadata"


class InvalidClientMetadata(ProtocolError):
    """RFC 7591 section 3.2.2."""

    error = "invalid_client_metadata"


class InvalidToken(ProtocolError):
    """RFC 6750 section 3.1."""

    error = "invalid_token"
    status = 401


class InvalidDpopProof(ProtocolError):
    """RFC 9449 sections 5 and 7.1."""

    error = "invalid_dpop_proof"


class UseDpopNonce(ProtocolError):
    """RFC 9449 section 8: the proof needs a nonce of ours, which the header ``DPoP-Nonce`` supplies."""

    error = "use_dpop_nonce"


class InsufficientUserAuthentication(ProtocolError):
    """RFC 9470 section 3: the person behind the token was not authenticated well or recently enough for the resource."""

    error = "insufficient_user_authentication"
    status = 401

    def __init__(self, description: str, *, acr_values: tuple[str, ...] = (), max_age: int | None = None) -> None:
        """Keep what to ask for at the authorization endpoint; ``max_age`` is in seconds."""
        super().__init__(description)
        self.acr_values = acr_values
        self.max_age = max_age


class InsufficientScope(ProtocolError):
    """RFC 6750 section 3.1."""

    error = "insufficient_scope"
    status = 403


class InvalidRedirectUri(ProtocolError):
    """RFC 7591 section 3.2.2."""

    error = "invalid_redirect_uri"


class InvalidSoftwareStatement(ProtocolError):
    """RFC 7591 section 3.2.2."""

    error = "invalid_software_statement"


class UnapprovedSoftwareStatement(ProtocolError):
    """RFC 7591 section 3.2.2."""

    error = "unapproved_software_statement"


class ManagementForbidden(ProtocolError):
    """RFC 7592 sections 2.1 to 2.3: the client may not do this."""

    error = "access_denied"
    status = 403


class TooManyRequests(ProtocolError):
    """RFC 6585 section 4; ``retry_after`` is in seconds."""

    error = "too_many_requests"
    status = 429

    def __init__(self, description: str, *, retry_after: int) -> None:
        """Keep how long the caller has to wait; the answer says so (RFC 9110 section 10.2.3)."""
        super().__init__(description, headers=(("Retry-After", str(retry_after)),))
        self.retry_after = retry_after


class StillTooManyRequests(TooManyRequests):
    """Further ones of a flood whose first refusal was recorded: one row a caller and stretch tells as much as a million."""

    is_recorded = False


class ServerError(ProtocolError):
    """RFC 6749 section 4.1.2.1: what no map knows."""

    error = "server_error"
    status = 500


class TemporarilyUnavailable(ProtocolError):
    """RFC 6749 section 4.1.2.1: a store or a bounded resource is out of reach."""

    error = "temporarily_unavailable"
    status = 503
