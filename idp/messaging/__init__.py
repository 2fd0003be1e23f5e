"""Carriers of messages to people (console, file, SMTP, an SMS gateway) and the words of the messages.

Owns how a message leaves the house; not when it does (``flows.messages``) nor what is said (``services``). Adapter of ``ports.carriers``; imports
``web`` for the languages. Everything here may block and so runs in the worker process only.
"""
