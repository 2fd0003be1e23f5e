"""Định Danh, the provider: protocol, people, pages, storage, command line.

Owns everything that runs. Imports ``clients``, ``policies`` and ``keys``, which know nothing of it. Which room may import which is written in
``docs/architecture.md`` and held by import-linter.
"""
