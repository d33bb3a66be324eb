"""What every object of one district has in common while it is being made.

The objects themselves are made elsewhere.
"""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.clever_values import ObjectIds, clever_time


@dataclass(frozen=True)
class Scene:
    """The district that objects are made for.

    Attributes:
        district: its id.
        domain: where its addresses are; always below a reserved name, so that no mail can reach anyone.
        rng: where all choices are drawn from.
        ids: where ids come from.
        moment: when the objects come into being, in the district's calendar, from which ids are made.
        shown: the same as records show it; None: the same time.
    """

    district: str
    domain: str
    rng: Random
    ids: ObjectIds
    moment: datetime
    shown: datetime | None = None

    def new_id(self) -> str:
        return self.ids.at(self.moment)

    def stamped(self) -> Object:
        """The fields that every school, user and section begins with."""
        written = clever_time(self.shown or self.moment)
        return {"id": self.new_id(), "district": self.district, "created": written, "last_modified": written}


@dataclass
class Roster:
    """The objects of a district while it is being made; `others` are users who neither teach nor learn."""

    scene: Scene
    schools: list[Object] = field(default_factory=list)
    students: list[Object] = field(default_factory=list)
    teachers: list[Object] = field(default_factory=list)
    others: list[Object] = field(default_factory=list)
    terms: list[Object] = field(default_factory=list)
    courses: list[Object] = field(default_factory=list)
    sections: list[Object] = field(default_factory=list)
