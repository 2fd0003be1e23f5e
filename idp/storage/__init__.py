"""Adapters of the ports over SQL and Redis. The only importer of SQLAlchemy, psycopg, sqlite3 and redis; knows no HTTP."""
