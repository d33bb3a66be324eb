"""One district of the sandbox, with its objects, its token, its calendar and its events.

All changes go through `put` and `remove`, which record the events.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from roster_pipeline.sandbox.api.collection import Collection, Object
from roster_pipeline.sandbox.api.feed_event import event, previous_attributes
from roster_pipeline.sandbox.api.masking import mask_event, mask_person
from roster_pipeline.sandbox.api.pagination import MAXIMUM_LIMIT
from roster_pipeline.sandbox.data.clever_values import EPOCH, ObjectIds, clever_time

LISTS = ("districts", "schools", "users", "sections", "terms", "courses")
STAMPED = frozenset({"schools", "users", "sections"})
"""The lists whose objects have `created` and `last_modified`."""
FEED_KEPT = timedelta(days=30)
"""How long Clever keeps an event (docs/clever-api.md#events)."""


class SandboxDistrict:
    """A district that can be served and can change.

    Attributes:
        id: the Clever id of the district.
        token: the bearer token of the district. A test may assign it, as Clever rotates tokens.
        connected: whether the application is connected to the district. A test may assign it.
        resources: the objects of each list of `LISTS`. Only `put` and `remove` change them.
        events: the events of the last 30 days, the oldest first.
        events_on: whether changes are recorded as events. A test may assign it, as Clever's dashboard has this switch.
        events_a_page: the most events on a page, even if the request has a higher limit. A test may assign it.
        library_links_next: whether the lists of a Library teacher have a `next` link. A test may assign it.
        seed: the seed of the school days.
        day: the number of school days that have passed.
        now: the time of the district's calendar, from which ids are made. It does not depend on the machine's clock.
        shown: the time that events and changed objects have.
        ids: the source of the ids of new objects.
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
        """Create a district.

        Args:
            record: the object of the district itself.
            objects: the objects of the other lists, by the name of the list.
            seed: the seed of the token and of the school days.
            now: the time of the district's calendar.
            shown: the time that events and changed objects have. The default is `now`.
            ids: the source of the ids of new objects.
        """
        lists = {name: Collection(objects.get(name, ())) for name in LISTS[1:]}
        self.resources: dict[str, Collection] = {"districts": Collection([record]), **lists}
        self.events = Collection()
        self.events_on = True
        self.events_a_page = MAXIMUM_LIMIT
        self.library_links_next = False
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
        """The name of the district."""
        return str(self.resources["districts"][self.id].get("name", ""))

    def mask_people(self, *, is_masked: bool = True) -> None:
        """Share no name and no email of people from now on, or share them again. Earlier events are masked too."""
        self.resources["users"].show_as(mask_person if is_masked else None)
        self.events.show_as(mask_event if is_masked else None)

    def get(self, resource: str, key: str) -> Object:
        """Return the object of a list with an id.

        Raises:
            KeyError: there is no such list or object.
        """
        return self.resources[resource][key]

    def put(self, resource: str, item: Mapping[str, Any]) -> None:
        """Add or replace an object, and record the event `created` or `updated`.

        An object that does not change has no event. The time of the district becomes the `last_modified` of the object
        if its list has that field.
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
        """Remove an object, and record the event `deleted` with its last state.

        References from other objects stay.

        Raises:
            KeyError: there is no such list or object.
        """
        self._record(resource, "deleted", self.resources[resource].remove(key), None)

    def start_day(self, latest: datetime | None = None) -> None:
        """Begin the next day, and remove the events that are older than `FEED_KEPT`.

        Args:
            latest: the latest time that events may have, because Clever has no events of the future. Each day is still
                at least a second after the day before.
        """
        self.day += 1
        self.now += timedelta(days=1)
        following, soonest = self.shown + timedelta(days=1), self.shown + timedelta(seconds=1)
        self.shown = max(soonest, min(following, latest)) if latest else following
        first_kept = clever_time(self.shown - FEED_KEPT)
        for key in [key for key in self.events if self.events[key]["created"] < first_kept]:
            self.events.remove(key)

    def forget_events(self, before_id: str) -> None:
        """Remove the events before an id, as if they were older than `FEED_KEPT`."""
        for key in [key for key in self.events if key < before_id]:
            self.events.remove(key)

    def _record(self, resource: str, verb: str, item: Object, previous: Object | None) -> None:
        """Record an event, if events are on."""
        if not self.events_on:
            return
        key = self.ids.at(self.now)
        self.events.put(event(f"{resource}.{verb}", key, clever_time(self.shown), item, previous))
