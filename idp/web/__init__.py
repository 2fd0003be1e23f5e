"""What the provider's own pages share: cookies, CSRF, security headers, languages, rendering, static files.

Framework-free apart from Jinja, so that hot endpoints can render too. May import ``protocol`` and below; knows no storage.
"""
