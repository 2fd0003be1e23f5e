"""Alembic's environment: takes the connection that ``idp.storage.migrate`` opened and compares with the product's tables."""

from __future__ import annotations

from alembic import context

from idp.storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
