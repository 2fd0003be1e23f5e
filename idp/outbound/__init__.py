"""Requests that the provider makes itself, guarded against being pointed at its own network. Adapter of ``ports.fetcher``."""
