"""The migrations make what the tables say: a column added in one place only is found here."""

import logging
from importlib.resources import files

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from roster_pipeline.errors import ProductBusy
from roster_pipeline.product.database import connect, migrate
from roster_pipeline.product.tables import SCHEMA, metadata
from roster_pipeline_tests.support.server import execute_apart, named

DISTRICT = "a" * 24
LIBRARY_DISTRICT = f"""
    insert into roster.organizations (clever_district_id, name, tier) values ('{DISTRICT}', 'Alder Valley', 'library');
    insert into roster.refresh_requests (organization_id) select id from roster.organizations
"""


@pytest.fixture
def old_database(server_url):
    """Gives an empty database at an older migration."""
    execute_apart(server_url, "create database older")
    engine = connect(named(server_url, "older"))

    def made(revision):
        config = Config()
        config.set_main_option("script_location", str(files("roster_pipeline.product") / "migrations"))
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(SCHEMA))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        return engine

    yield made
    engine.dispose()
    execute_apart(server_url, "drop database older with (force)")


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


def test_tier_library_becomes_sso_only_and_is_reported(old_database, caplog):
    engine = old_database("0014")
    with engine.begin() as connection:
        connection.exec_driver_sql(LIBRARY_DISTRICT)
    with caplog.at_level(logging.WARNING, "roster_pipeline.product.database"):
        migrate(engine)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("1 district of tier library is now of tier sso_only")
    assert DISTRICT in line
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select tier from roster.organizations").scalar_one() == "sso_only"
        assert connection.exec_driver_sql("select state from roster.refresh_requests").scalar_one() == "failed"


def test_locked_table_refuses_the_migration_until_later(product):
    with product.connect() as other:
        other.exec_driver_sql(f"lock table {SCHEMA}.alembic_version in access exclusive mode")
        with pytest.raises(ProductBusy):
            migrate(product)
    migrate(product)
