"""The comments of the tables in PostgreSQL, which come from the dictionary (`model/dictionary.toml`)."""

from __future__ import annotations

from sqlalchemy import Connection, MetaData
from sqlalchemy.schema import SetColumnComment, SetTableComment

from roster_pipeline.model.dictionary import find_column_description, find_table_description
from roster_pipeline.product.columns import SCHEMA


def add_comments(metadata: MetaData) -> None:
    """Give each table and column its description, if the dictionary has one. A test fails on a missing one."""
    for table in metadata.tables.values():
        table.comment = find_table_description(SCHEMA, table.name)
        for column in table.columns:
            column.comment = find_column_description(SCHEMA, table.name, column.name)


def write_comments(connection: Connection, metadata: MetaData) -> None:
    """Write the comments into the database."""
    for table in metadata.tables.values():
        connection.execute(SetTableComment(table))
        for column in table.columns:
            connection.execute(SetColumnComment(column))
