"""The objects of one Clever list in the order of their ids, each encoded once.

Knows nothing of districts or HTTP.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from roster_pipeline.sandbox.api.versions import VERSIONS, as_seen_in

Object = dict[str, Any]
"""A raw Clever object. Read-only once it is in a collection: change it by putting another in its place."""

_encode = msgspec.json.Encoder().encode


class Collection(Mapping[str, Object]):
    """Objects by ascending `id`.

    A list of 100,000 is answered from bytes that are made once for each object and version.
    """

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self._objects = {item["id"]: item for item in objects}
        self._ids = sorted(self._objects)
        self._encoded: dict[str, dict[str, bytes]] = {version: {} for version in VERSIONS}
        self._subsets: dict[str, list[str]] = {}

    def __getitem__(self, key: str) -> Object:
        return self._objects[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def put(self, item: Object) -> None:
        """Adds `item`, or replaces the object with its id."""
        if item["id"] not in self._objects:
            insort(self._ids, item["id"])
        self._objects[item["id"]] = item
        self._forget(item["id"])

    def remove(self, key: str) -> Object:
        """Takes the object away and returns it.

        Raises:
            KeyError: there is none with this id.
        """
        item = self._objects.pop(key)
        del self._ids[bisect_left(self._ids, key)]
        self._forget(key)
        return item

    def encoded(self, key: str, version: str) -> bytes:
        """The object as JSON, as this version of the API shows it."""
        ready = self._encoded[version]
        known = ready.get(key)
        if known is None:
            known = ready[key] = _encode(as_seen_in(version, self._objects[key]))
        return known

    def ids(self) -> list[str]:
        """Every id, ascending. Not to be changed by the caller."""
        return self._ids

    def subset(self, label: str, wanted: Callable[[Object], bool]) -> list[str]:
        """The ascending ids of the wanted objects, kept under `label` until something changes."""
        known = self._subsets.get(label)
        if known is None:
            known = self._subsets[label] = [key for key in self._ids if wanted(self._objects[key])]
        return known

    def _forget(self, key: str) -> None:
        for ready in self._encoded.values():
            ready.pop(key, None)
        self._subsets.clear()
