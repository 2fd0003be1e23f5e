"""Two sample department systems on Authlib's Flask client: the public-service portal and a commune's one-stop system.

Owns what a department would write itself. Imports no room of the provider: it speaks to it over HTTP only.
"""
