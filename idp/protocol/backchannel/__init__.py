"""The backchannel authentication endpoint of CIBA Core: a client names a person, who answers on the account page."""
