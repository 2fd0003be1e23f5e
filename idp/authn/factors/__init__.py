"""The factors of people, one module each: what each has enrolled, and how an answer to it is judged.

Owns the shape that all share (``factor.Factor``) and the collection (``registry.Factors``); not how levels follow from them, which is
``policies.assurance``. To add one, write a module with a ``Factor`` and name it in the tuple of ``wiring.factors``.
"""
