"""The Admin API: one table of operations over the use cases of ``idp.flows.administration``.

Routing, checks of input, the OpenAPI document and the answers' shapes are all made from the table. Owns no decision: who may do what is asked by the
use cases. Refusals are RFC 9457 problems.
"""
