"""The migrations create exactly the tables that `product/tables.py` describes."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from roster_pipeline.errors import ProductBusy
from roster_pipeline.product.database import migrate
from roster_pipeline.product.tables import SCHEMA, metadata


def test_migrations_equal_the_tables(product):
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
        "version_table_schema": SCHEMA,
        "compare_type": True,
        "compare_server_default": True,
    }
    with product.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_second_migration_does_nothing(product):
    migrate(product)
    with product.connect() as connection:
        assert connection.exec_driver_sql(f"select count(*) from {SCHEMA}.alembic_version").scalar_one() == 1


def test_locked_table_refuses_the_migration_until_later(product):
    with product.connect() as other:
        other.exec_driver_sql(f"lock table {SCHEMA}.alembic_version in access exclusive mode")
        with pytest.raises(ProductBusy):
            migrate(product)
    migrate(product)
