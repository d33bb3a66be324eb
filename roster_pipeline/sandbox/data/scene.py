"""The values that the functions for invented objects share, and the objects that they have made."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.clever_values import ObjectIds, clever_time


@dataclass(frozen=True)
class Scene:
    """The district that objects are made for.

    Attributes:
        district: the id of the district.
        domain: the domain of its email addresses, below a reserved name, so that no mail reaches anyone.
        rng: the source of all random choices.
        ids: the source of ids.
        moment: when the objects are created in the district's calendar, from which ids are made.
        shown: the time of creation that records have; None: `moment`.
    """

    district: str
    domain: str
    rng: Random
    ids: ObjectIds
    moment: datetime
    shown: datetime | None = None

    def new_id(self) -> str:
        """Return a new id."""
        return self.ids.at(self.moment)

    def stamped(self) -> Object:
        """Return the fields that each school, user and section has."""
        created = clever_time(self.shown or self.moment)
        return {"id": self.new_id(), "district": self.district, "created": created, "last_modified": created}


@dataclass
class Roster:
    """The objects of a district that is being generated. `others` are users who are no teachers and no students."""

    scene: Scene
    schools: list[Object] = field(default_factory=list)
    students: list[Object] = field(default_factory=list)
    teachers: list[Object] = field(default_factory=list)
    others: list[Object] = field(default_factory=list)
    terms: list[Object] = field(default_factory=list)
    courses: list[Object] = field(default_factory=list)
    sections: list[Object] = field(default_factory=list)
