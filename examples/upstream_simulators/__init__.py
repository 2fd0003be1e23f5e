"""Simulators of upstream identity providers: VNeID-like, VNConnect-like, and a standard OpenID Connect provider.

They follow public code and one integrator's report (``docs/upstreams.md``); nobody has compared them with the real ones, which were never
reached. Sample citizens only; every page says "mô phỏng". Faults can be switched on, for tests and for showing what happens.
"""
