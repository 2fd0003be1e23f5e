"""HTTP/1.1 for the workers: bytes of a connection in, whole requests to the application, its answers out; and the processes that do so.

Owns framing, bounds, time limits and supervision; knows nothing of what is served. It speaks to a reverse proxy of ours, or to loopback:
TLS, HTTP/2 and compression are the proxy's. Strict by construction: what two readers could take differently is refused, never repaired
(RFC 9112 section 11.2).
"""
