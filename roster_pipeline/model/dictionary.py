"""The descriptions of tables and columns, which stand in `dictionary.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

TABLE, SHARED = "description", "shared"
PRODUCT, SNAPSHOT = "roster", "snapshot"


@cache
def load_dictionary() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return the descriptions by schema, table and column. The description of a table has the key `description`."""
    return tomllib.loads(Path(__file__).with_name("dictionary.toml").read_text(encoding="utf-8"))


def find_table_description(schema: str, table: str) -> str | None:
    """Return the description of a table, or None if the dictionary has none."""
    return load_dictionary().get(schema, {}).get(table, {}).get(TABLE)


def describe_table(schema: str, table: str) -> str:
    """Return the description of a table.

    Raises:
        KeyError: the dictionary has none.
    """
    return load_dictionary()[schema][table][TABLE]


def find_column_description(schema: str, table: str, column: str) -> str | None:
    """Return the description of a column, or None if the dictionary has none.

    A table of another schema that has the name of a table of the product, such as `marts.schools`, has its columns.
    """
    dictionary = load_dictionary()
    for place in (schema, PRODUCT):
        if table in dictionary.get(place, {}):
            own = dictionary[place][table].get(column)
            return own or _shared(column)
    return _shared(column)


def describe_column(schema: str, table: str, column: str) -> str:
    """Return the description of a column.

    Raises:
        KeyError: the dictionary has none.
    """
    description = find_column_description(schema, table, column)
    if description is None:
        raise KeyError(f"{schema}.{table}.{column}")
    return description


def _shared(column: str) -> str | None:
    shared: Mapping[str, object] = load_dictionary()[SHARED]
    return str(shared[column]) if column in shared else None
