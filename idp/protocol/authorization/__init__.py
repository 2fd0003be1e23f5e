"""The authorization endpoint: parse and check, let the dispatcher decide, answer with a code or an error."""
