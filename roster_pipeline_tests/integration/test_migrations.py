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


def test_districts_of_tier_library_become_sso_only_and_the_operator_is_informed(old_database, caplog):
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


def test_given_a_session_that_keeps_a_table_locked_when_migrated_then_refused_and_done_later(product):
    with product.connect() as other:
        other.exec_driver_sql(f"lock table {SCHEMA}.alembic_version in access exclusive mode")
        with pytest.raises(ProductBusy):
            migrate(product)
    migrate(product)
