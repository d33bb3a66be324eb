"""The objects of one Clever list, sorted by id. Each object is encoded once."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from roster_pipeline.sandbox.api.versions import VERSIONS, as_seen_in

Object = dict[str, Any]
"""A raw Clever object. An object in a collection is never changed. A changed copy replaces it."""

_encode = msgspec.json.Encoder().encode


class Collection(Mapping[str, Object]):
    """A mapping of ids to objects, in ascending order of the ids.

    The JSON of an object is stored for each API version, so that long lists are answered quickly.
    """

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self._objects = {item["id"]: item for item in objects}
        self._ids = sorted(self._objects)
        self._encoded: dict[str, dict[str, bytes]] = {version: {} for version in VERSIONS}
        self._subsets: dict[str, list[str]] = {}
        self._show: Callable[[Object], Object] | None = None

    def __getitem__(self, key: str) -> Object:
        return self._objects[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def put(self, item: Object) -> None:
        """Add an object, or replace the object with the same id."""
        if item["id"] not in self._objects:
            insort(self._ids, item["id"])
        self._objects[item["id"]] = item
        self._invalidate(item["id"])

    def remove(self, key: str) -> Object:
        """Remove the object with this id, and return it.

        Raises:
            KeyError: there is no object with this id.
        """
        item = self._objects.pop(key)
        del self._ids[bisect_left(self._ids, key)]
        self._invalidate(key)
        return item

    def encoded(self, key: str, version: str) -> bytes:
        """Return an object as JSON, with the fields of a version of the API."""
        cache = self._encoded[version]
        encoded = cache.get(key)
        if encoded is None:
            encoded = cache[key] = _encode(as_seen_in(version, self.shown(key)))
        return encoded

    def shown(self, key: str) -> Object:
        """Return an object as Clever answers with it."""
        item = self._objects[key]
        return self._show(item) if self._show else item

    def show_as(self, show: Callable[[Object], Object] | None) -> None:
        """Answer with a changed copy of each object from now on. None answers with the objects themselves."""
        self._show = show
        for cache in self._encoded.values():
            cache.clear()

    def ids(self) -> list[str]:
        """Return all ids in ascending order. The caller must not change the list."""
        return self._ids

    def subset(self, label: str, is_member: Callable[[Object], bool]) -> list[str]:
        """Return the ascending ids of the objects that a condition selects.

        The ids are stored under `label` until an object changes.
        """
        ids = self._subsets.get(label)
        if ids is None:
            ids = self._subsets[label] = [key for key in self._ids if is_member(self._objects[key])]
        return ids

    def _invalidate(self, key: str) -> None:
        """Discard the stored JSON of an object, and all stored subsets."""
        for cache in self._encoded.values():
            cache.pop(key, None)
        self._subsets.clear()
