"""``/admin``: the console of administrators, one module an area, over the use cases of ``flows.administration``.

The frame admits (level 2, an administrators' session of its own that ends after five idle minutes), makes the ``Administrator`` of the request, and
turns errors into pages; an area only asks use cases and says what is shown. What somebody may do is nowhere decided here. To add an area, write a
module with an ``Area`` and name it in ``wiring.console``: the menu, the dashboard and the test of who gets in follow.
"""
