"""What people do: sign in, step up, agree, sign out. Steps never call each other; the dispatcher alone decides what comes next.

Owns the order of things and the pending transactions. May import ``authn``, ``services`` and below; knows no HTTP and no template.
"""
