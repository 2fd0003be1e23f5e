"""The page after a session has ended in this browser: who was told, and the frames by which departments end theirs.

OpenID Connect Front-Channel Logout 1.0 section 3 asks for the frames whenever the person logs out here, wherever he does: at ``/end_session``, on the
account page, or by going on as somebody else.
"""

from __future__ import annotations

from collections.abc import Callable

from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk, Exchange
from idp.model.session import Session
from idp.protocol.frontchannel import Frame
from idp.protocol.wire import WireResponse, redirect

Headers = tuple[tuple[str, str], ...]


class SignedOutPage:
    """Shows it."""

    def __init__(self, desk: Desk, departments: Departments, frames: Callable[[Session], tuple[Frame, ...]]) -> None:
        """Take collaborators; ``frames`` returns what has to be loaded to sign the person out at departments, also after the end."""
        self._desk = desk
        self._departments = departments
        self._frames = frames

    def dropped(self) -> Headers:
        """Return the cookies of a browser in which nobody is signed in any more."""
        cookies = self._desk.cookies
        return (cookies.drop(cookies.session), cookies.make_state(""))

    def show(
        self, exchange: Exchange, ended: Session | None, told: tuple[str, ...], return_uri: str = ""
    ) -> WireResponse:
        """Return the page, or go to ``return_uri`` at once where no frame has to be loaded; the browser's session has ended durably before."""
        frames = self._frames(ended) if ended is not None else ()
        if return_uri and not frames:
            return redirect(return_uri, (*self._desk.headers(exchange), *self.dropped()))
        return self._page(exchange, frames, self.dropped(), told=told, return_uri=return_uri, next_step="")

    def onward(self, exchange: Exchange, ended: Session | None, target: str, headers: Headers) -> WireResponse:
        """Go on to a page of ours as nobody or somebody else, over the frames of the session that ended for it, if there are any."""
        frames = self._frames(ended) if ended is not None else ()
        if not frames:
            return redirect(target, headers)
        return self._page(exchange, frames, headers, told=(), return_uri=target, next_step="switch")

    def _page(
        self,
        exchange: Exchange,
        frames: tuple[Frame, ...],
        headers: Headers,
        *,
        told: tuple[str, ...],
        return_uri: str,
        next_step: str,
    ) -> WireResponse:
        everybody = dict.fromkeys((*told, *(frame.client_id for frame in frames)))
        page = self._desk.page(
            "signed_out",
            exchange,
            told=[self._departments.name(client_id, exchange.language) for client_id in everybody],
            frames=[frame.origin for frame in frames],
            urls=[frame.url for frame in frames],
            return_uri=return_uri,
            next_step=next_step,
        )
        return WireResponse(page.status, (*page.headers, *headers), page.body)
