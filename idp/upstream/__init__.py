"""Upstream identity providers: connectors that speak their dialects, and the frame of checks around each.

Adapter of ``ports.upstreams``. Owns what goes over the wire to a provider. Does not own whose account it is (``flows.upstream``), what
levels and attributes mean (``policies.upstreams``) or where anything is kept. The real VNeID and VNConnect were never reached from here:
both connectors follow public code and reports (``docs/upstreams.md``).
"""
