"""Alembic revisions of schema `roster`, and the `.sql` files that they run."""
