"""Accounts, subjects, sessions, tokens, consents, units and the audit log: the only writers of their data, through ports."""
