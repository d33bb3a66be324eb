"""The migrations make what the tables say: a column added in one place only is found here."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from roster_pipeline.product.database import migrate
from roster_pipeline.product.tables import SCHEMA, metadata


def test_given_every_migration_when_compared_with_the_tables_then_nothing_differs(product):
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
        "version_table_schema": SCHEMA,
        "compare_type": True,
        "compare_server_default": True,
    }
    with product.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_given_a_migrated_database_when_migrated_again_then_nothing_happens(product):
    migrate(product)
    with product.connect() as connection:
        assert connection.exec_driver_sql(f"select count(*) from {SCHEMA}.alembic_version").scalar_one() == 1
