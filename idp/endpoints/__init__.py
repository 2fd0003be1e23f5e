"""HTTP in: each module adapts one page or endpoint to the protocol and the flows. Handlers take a ``WireRequest`` and return a ``WireResponse``.

May import ``web`` and everything below; never an adapter. Flask appears in ``app`` alone, which maps paths to these handlers.
"""
