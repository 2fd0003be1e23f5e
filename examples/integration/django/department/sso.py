"""Sign-in, sign-out and back-channel logout on Authlib's Django client."""
# mypy: ignore-errors

from __future__ import annotations

import os
from functools import cache as once
from importlib import import_module
from typing import Any
from urllib.parse import urlencode

import jwt
from authlib.integrations.base_client import OAuthError
from authlib.integrations.django_client import OAuth
from django.conf import settings
from django.contrib.auth import get_user_model, login, logout
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

ISSUER = os.environ["OIDC_ISSUER"]
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
provider = OAuth().register("provider")


@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """Send the person to the provider, and remember the page that they wanted."""
    wanted = request.GET.get("next", "/")
    # An address of somebody else here would make us a springboard for phishing.
    request.session["wanted"] = wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else "/"
    return provider.authorize_redirect(request, f"{settings.BASE_URL}/callback")


@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Take what the provider answers."""
    # RFC 9207: an answer of another provider must not be redeemed at ours.
    if request.GET.get("iss") != ISSUER:
        return HttpResponse("The answer comes from somebody else.", status=400)
    try:
        # Checks state, redeems the code with the PKCE verifier, and verifies signature, nonce and times of the ID token.
        token = provider.authorize_access_token(request)
        # The ID token says who; name and the like are at userinfo.
        userinfo = provider.userinfo(token=token)
    except OAuthError:
        return HttpResponse("Not signed in.", status=400)
    claims = token["userinfo"]
    # OpenID Connect Core section 5.3.2: an answer about somebody else must not be mixed in.
    if userinfo["sub"] != claims["sub"]:
        return HttpResponse("Not signed in.", status=400)
    wanted = request.session.get("wanted", "/")
    # By sub, the one name that never changes and is given to nobody else; never by name or e-mail address.
    user, is_new = get_user_model().objects.get_or_create(username=claims["sub"])
    if is_new:
        user.set_unusable_password()
    user.first_name = userinfo.get("name", "")[:150]
    user.save()
    # Whoever was signed in before is out; Django makes a new session key, so one that was known opens nothing.
    request.session.flush()
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    request.session["id_token"] = token["id_token"]
    request.session["sid"] = claims["sid"]
    request.session.save()
    cache.set(f"sid:{claims['sid']}", request.session.session_key, settings.SESSION_COOKIE_AGE)
    return redirect(wanted)


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Sign out here, then everywhere."""
    id_token = request.session.get("id_token")
    logout(request)
    if id_token is None:
        return redirect("/")
    hint = {"id_token_hint": id_token, "post_logout_redirect_uri": f"{settings.BASE_URL}/"}
    return redirect(f"{provider.load_server_metadata()['end_session_endpoint']}?{urlencode(hint)}")


# The provider has no CSRF token of ours; its signature takes that place.
@csrf_exempt
@never_cache
@require_POST
def backchannel_logout(request: HttpRequest) -> HttpResponse:
    """End the session that the provider names (OpenID Connect Back-Channel Logout section 2.6)."""
    try:
        claims = _logout_claims(request.POST.get("logout_token", ""))
    except jwt.PyJWKClientConnectionError:
        # Our trouble, not the token's: the provider tries again.
        return HttpResponse(status=503)
    except jwt.PyJWTError:
        return HttpResponse(status=400)
    # One statement tells new from used, so of two deliveries at once only one counts.
    if not cache.add(f"jti:{claims['jti']}", 1, timeout=600):
        return HttpResponse(status=400)
    session_key = cache.get(f"sid:{claims['sid']}")
    if session_key:
        import_module(settings.SESSION_ENGINE).SessionStore(session_key).delete()
        cache.delete(f"sid:{claims['sid']}")
    return HttpResponse(status=200)


@once
def _keys() -> jwt.PyJWKClient:
    """Return the provider's keys; the client caches them, and fetches them again when a new one signs."""
    return jwt.PyJWKClient(provider.load_server_metadata()["jwks_uri"])


def _logout_claims(token: str) -> dict[str, Any]:
    """Return the claims of a genuine logout token; raises ``jwt.PyJWTError``."""
    found = jwt.decode_complete(
        token,
        _keys().get_signing_key_from_jwt(token).key,
        algorithms=["ES256", "RS256"],
        audience=os.environ["OIDC_CLIENT_ID"],
        issuer=ISSUER,
        # ``sid`` is there because the registration says backchannel_logout_session_required.
        options={"require": ["iss", "aud", "iat", "exp", "jti", "sid"]},
    )
    claims = found["payload"]
    # An ID token has the same signer and audience; it must not pass for a sign-out.
    is_logout = found["header"].get("typ") == "logout+jwt" and LOGOUT_EVENT in claims.get("events", {})
    if not is_logout or "nonce" in claims:
        raise jwt.InvalidTokenError("not a logout token")
    return claims
