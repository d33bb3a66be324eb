"""A cache of what is known to exist in Dagster's database."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property


class ExistenceCache:
    """A cache of the tables, columns and partitions that are known to exist.

    Dagster queries them for every event, and for every asset that a step reads or writes: without the cache, more than
    two in five statements of a run are these queries. Only a positive answer is cached, because what is missing may be
    created later.
    """

    @cached_property
    def _existing(self) -> set[tuple[str, ...]]:
        return set()

    def _exists(self, query: Callable[..., bool], *names: str) -> bool:
        """Return the cached positive answer of a query, or run the query."""
        key = (query.__name__, *names)
        if key not in self._existing and query(*names):
            self._existing.add(key)
        return key in self._existing
