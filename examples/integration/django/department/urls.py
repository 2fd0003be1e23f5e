"""Addresses of the system, and a page that shows who is signed in."""
# mypy: ignore-errors

from __future__ import annotations

from department import sso
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import path
from django.utils.html import format_html


def home(request: HttpRequest) -> HttpResponse:
    """Show who is signed in."""
    if not request.user.is_authenticated:
        return HttpResponse('<a id="login" href="/login">Đăng nhập</a>')
    page = (
        '<p id="person">{}</p><form id="logout" method="post" action="/logout">'
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}"><button>Đăng xuất</button></form>'
    )
    return HttpResponse(format_html(page, request.user.first_name, get_token(request)))


urlpatterns = [
    path("", home),
    path("login", sso.begin),
    path("callback", sso.callback),
    path("logout", sso.end),
    path("backchannel-logout", sso.backchannel_logout),
]
