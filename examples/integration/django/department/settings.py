"""Settings of a department's Django system; the lines on sign-in are marked."""

from __future__ import annotations

import os

BASE_URL = os.environ["BASE_URL"]
SECRET_KEY = os.environ["SESSION_SECRET"]
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1").split(",")
ROOT_URLCONF = "department.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("DATABASE", "db.sqlite3")}}

# Sign-in: sessions in the database, so that a sign-out elsewhere can end them; never signed_cookies.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https:")
# Sign-in: which session belongs to which sid. Shared by all processes, and never culled before a session has ended.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "sign_ins",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    }
}
LOGIN_URL = "/login"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTHLIB_OAUTH_CLIENTS = {
    "provider": {
        "client_id": os.environ["OIDC_CLIENT_ID"],
        "client_secret": os.environ["OIDC_CLIENT_SECRET"],
        "server_metadata_url": f"{os.environ['OIDC_ISSUER']}/.well-known/openid-configuration",
        "client_kwargs": {"scope": "openid profile", "code_challenge_method": "S256"},
    }
}
