"""The ways through the steps of a sign-in, one module each.

A step (``flows.dispatcher.Step``) says what is missing; a *way* is one means to settle it: a password for ``SIGN_IN``, a one-time code for
``STEP_UP``. A way shows its page and takes its form; it never calls another way and never decides what comes next. To add one, write a
module with a ``way.Way`` and name it in the tuple of ``wiring``: the pages offer it, and its form finds it.
"""
