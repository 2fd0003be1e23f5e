"""Frozen records of the domain. Owns shapes, no behaviour; imports the standard library only."""
