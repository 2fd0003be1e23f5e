"""OAuth 2.0 and OpenID Connect, free of any web framework: a ``WireRequest`` comes in, a ``WireResponse`` goes out.

Owns parsing, client authentication, grants, minting, metadata and error shapes. The only importer of Authlib. May import ``flows`` and
everything below; knows no Flask, no SQL and no template.
"""
