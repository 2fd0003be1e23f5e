"""Signing keys and sealing: key states, the rotation plan, the ring, the signer, the verifier, JWK sets, data keys.

Owns everything that touches key material. Does not own where keys are stored (``service.KeyRepository`` is implemented
above), what a token says, or whether a grant behind a token still stands. Imports PyJWT, cryptography and orjson;
nothing of ``idp``, ``clients`` or ``policies``.
"""
