"""Department systems as OIDC clients: metadata, redirects, secrets, sectors, and the registry that processes keep in memory.

Owns what a registration may say and who it belongs to. May import ``policies`` and ``keys``; knows no Flask, no SQL, no Authlib.
"""
