"""Officials: what a department's directory says of a person, and what follows from it here.

Names and passwords before the wire, groups to roles, the comparison of a whole directory, and the brake that stops it. Standard library only.
"""
