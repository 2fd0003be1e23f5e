"""OpenID Federation 1.0: who we vouch for, and whom others vouch for.

Owns entity statements, trust chains, trust marks, the entities that this process serves (the province and its units), and the clients that come in
by a chain. Does not own the rules of policies and constraints (``policies.federation``), key material (``keys``), addresses (the guarded fetcher),
or what a client is (``clients``). Stands above ``protocol``, whose wire types it speaks, and is imported by ``wiring`` and ``cli`` alone.
"""
