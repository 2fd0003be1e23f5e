"""Alembic's scripts: the only place where an SQLAlchemy engine is made."""
