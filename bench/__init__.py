"""Measurements of the provider beside a certified peer; owns nothing at run time.

The load driver lives in `bench.load`, the started servers in `bench.targets`, the report in `bench.report`. The
provider is driven from outside only, so nothing of `idp` is imported.
"""
