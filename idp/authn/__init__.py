"""Authentication factors, one module each.

Owns how a secret is verified; not where it is kept. May import ``services`` and below.
"""
