"""Department directories over LDAP: the only importer of ldap3.

Owns the wire: TLS, fail-over, time limits, search-then-bind, the dialects of OpenLDAP and Active Directory. It does not own who may sign in, which
roles follow, or what is stored: that is ``policies.officials``, ``services`` and ``flows``. Adapter of ``ports.directories``.
"""
