"""Signing in, linking and signing out by an upstream identity provider, each from stored state to stored state.

Owns the departure (a browser on its way out and back), whose account an arrival is, the breaker of an upstream that is out, and sign-out
both ways. Does not own what goes over the wire to a provider (``idp.upstream``, behind ``ports.upstreams.Door``).
"""
