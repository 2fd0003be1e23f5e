"""Department systems as OIDC clients: metadata, redirects, secrets, sectors, and the registry kept in memory.

Owns what a registration may say and whom it belongs to. May import ``policies`` and ``keys``; knows no Flask, no SQL,
no Authlib.
"""
