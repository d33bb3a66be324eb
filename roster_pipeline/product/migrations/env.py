"""Alembic's entry: runs the migrations on the connection that `product.migrate` hands over."""

from alembic import context

from roster_pipeline.product.tables import SCHEMA, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
    version_table_schema=SCHEMA,
)
with context.begin_transaction():
    context.run_migrations()
