"""Grants of the token endpoint, a module each, and their registry: another grant is a module and a row in ``registry``."""
