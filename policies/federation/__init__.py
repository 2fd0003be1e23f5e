"""What a federation allows: metadata policies, constraints on trust chains, and the caps by level of unit.

Owns every decision that can be told from statements already verified (OpenID Federation 1.0 section 6): documents come in, resolved
metadata or an error with its reason goes out. Does not own signatures, keys, addresses or time. Imports the standard library only.
"""
