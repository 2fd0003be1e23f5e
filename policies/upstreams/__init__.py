"""Decisions about upstream identity providers: what we take from them, how far we believe them, whose account it is.

Owns the transforms of claims, the table of levels and the linking states. Does not own how an upstream is reached or where links are
kept. Imports the standard library only.
"""
