"""``/account/security``: what a person signs in with, and how it is changed; a module for each page.

Owns the pages; the changes themselves are ``flows.factor_changes``. Whatever changes something asks for a fresh sign-in at the level of what
changes first, by the door.
"""
