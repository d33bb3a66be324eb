"""One district of the sandbox: its Clever objects, its token, its calendar, and the feed of what changed.

Changes go through `put` and `remove`, which also record the events. What changes, and when, is decided
elsewhere.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from roster_pipeline.sandbox.api.collection import Collection, Object
from roster_pipeline.sandbox.api.feed_event import event, previous_attributes
from roster_pipeline.sandbox.api.pagination import MAXIMUM_LIMIT
from roster_pipeline.sandbox.data.clever_values import EPOCH, ObjectIds, clever_time

LISTS = ("districts", "schools", "users", "sections", "terms", "courses")
STAMPED = frozenset({"schools", "users", "sections"})
"""The lists whose objects carry `created` and `last_modified` (Clever's specification)."""
FEED_KEPT = timedelta(days=30)
"""How long an event stays in the feed (Clever, *Events API*)."""


class SandboxDistrict:
    """A district that can be served and can change.

    Attributes:
        id: its Clever id.
        token: the bearer token that reads it. May be assigned: that is a rotated token.
        connected: whether the application is (still) authorised. May be assigned.
        resources: for each name of `LISTS` its objects; read-only, see `put` and `remove`.
        events: the feed, oldest first; at most 30 days of it.
        events_on: whether changes are recorded there. May be assigned: Clever's dashboard can switch events off.
        events_a_page: the most that one answer holds, whatever limit was asked for. May be assigned.
        seed: what its school days are drawn from.
        day: how many school days have gone by.
        now: the district's own calendar, from which ids are made: a day has the same ids whenever it is served.
        shown: the time that events and changes carry.
        ids: where ids of new objects come from.
    """

    def __init__(
        self,
        record: Object,
        objects: Mapping[str, Iterable[Object]],
        *,
        seed: int = 0,
        now: datetime = EPOCH,
        shown: datetime | None = None,
        ids: ObjectIds | None = None,
    ) -> None:
        """`record` is the district's own object; `objects` holds those of the other lists by list name.

        Without `shown`, the time of `now` is shown.
        """
        lists = {name: Collection(objects.get(name, ())) for name in LISTS[1:]}
        self.resources: dict[str, Collection] = {"districts": Collection([record]), **lists}
        self.events = Collection()
        self.events_on = True
        self.events_a_page = MAXIMUM_LIMIT
        self.id: str = record["id"]
        self.token = Random(f"token/{seed}/{self.id}").randbytes(20).hex()  # noqa: S311 - an invented token
        self.connected = True
        self.seed = seed
        self.day = 0
        self.now = now
        self.shown = shown or now
        self.ids = ids or ObjectIds(self.id[8:18])

    @property
    def name(self) -> str:
        return str(self.resources["districts"][self.id].get("name", ""))

    def get(self, resource: str, key: str) -> Object:
        """The object of the list `resource` with the id `key`.

        Raises:
            KeyError: there is no such list or object.
        """
        return self.resources[resource][key]

    def put(self, resource: str, item: Mapping[str, Any]) -> None:
        """Adds or replaces one object, and records `<resource>.created` or `.updated`; no event if nothing
        changed.

        The object gets the district's time as `last_modified` where its list has that field.
        """
        new: Object = dict(item)
        if resource in STAMPED:
            new = {"created": clever_time(self.shown), **new, "last_modified": clever_time(self.shown)}
        old = self.resources[resource].get(new["id"])
        previous = None if old is None else previous_attributes(old, new)
        self.resources[resource].put(new)
        if previous is None or previous:
            self._record(resource, "created" if old is None else "updated", new, previous)

    def remove(self, resource: str, key: str) -> None:
        """Takes one object away and records `<resource>.deleted` with its last state.

        Other objects keep naming it.

        Raises:
            KeyError: there is no such list or object.
        """
        self._record(resource, "deleted", self.resources[resource].remove(key), None)

    def start_day(self, latest: datetime | None = None) -> None:
        """The next day begins: the time moves on, and the feed forgets what is older than it keeps.

        Args:
            latest: the shown time does not go beyond it, as Clever knows nothing of the future; but each day is at
                least a second after the one before.
        """
        self.day += 1
        self.now += timedelta(days=1)
        following, soonest = self.shown + timedelta(days=1), self.shown + timedelta(seconds=1)
        self.shown = max(soonest, min(following, latest)) if latest else following
        kept_from = clever_time(self.shown - FEED_KEPT)
        for key in [key for key in self.events if self.events[key]["created"] < kept_from]:
            self.events.remove(key)

    def forget_events(self, before_id: str) -> None:
        """The feed forgets its events up to this one, which it keeps, as if they had grown old."""
        for key in [key for key in self.events if key < before_id]:
            self.events.remove(key)

    def _record(self, resource: str, verb: str, item: Object, previous: Object | None) -> None:
        if not self.events_on:
            return
        key = self.ids.at(self.now)
        self.events.put(event(f"{resource}.{verb}", key, clever_time(self.shown), item, previous))
