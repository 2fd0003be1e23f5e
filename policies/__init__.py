"""Pure decisions: identity codes, assurance, claims, consent, throttling, administrative units.

Owns every rule that can be told from facts and the time alone: they come in, a decision with its reason goes out (house
rule 15). Does not own where facts are kept, what a page shows, or what a protocol message looks like. Imports the
standard library only.
"""
