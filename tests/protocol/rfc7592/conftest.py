"""Deployments in which clients register themselves."""

from __future__ import annotations

from tests.support.registering_app import app as app
from tests.support.registering_app import pages as pages
from tests.support.registering_app import sandbox as sandbox
