"""Administration: every act that the console, the Admin API and configuration as code do, once, in one place.

Each use case takes an ``Administrator``, asks ``policies.delegation`` through the ``Gate`` (which records refusals), and acts through the service
that owns the datum, whose audit record names the administrator. What the actor may not know of is not found, whether it is there or not. What needs a
second person waits as an ``Approval``. Does not own pages, HTTP, or where anything is kept.
"""
