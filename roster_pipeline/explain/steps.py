"""The shape of an explanation: steps in order, each with a state and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from roster_pipeline.messages import LocalCatalogue, Plural

Kind = Literal["person", "section"]
State = Literal["ok", "waiting", "stopped", "ended", "unknown"]


@dataclass(frozen=True)
class Item:
    """One line below a step, such as a class, a member or a review. `state` is a word such as `published`."""

    state: str
    says: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One step of an explanation. `facts` holds the ids and times, for machines."""

    name: str
    state: State
    says: str
    facts: Mapping[str, object] = field(default_factory=dict)
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """What is known of one Clever id in one district. The last step names the next action."""

    kind: Kind
    clever_id: str
    district_id: str
    district_name: str
    steps: tuple[Step, ...]


def tally(items: Sequence[Item], sentences: Mapping[str, Plural], words: LocalCatalogue) -> str:
    """Return how many items there are in each state, such as `3 published, 1 pending`.

    Args:
        sentences: the message ids of each state.
    """
    states = dict.fromkeys(item.state for item in items)
    return ", ".join(words.count(*sentences[state], sum(item.state == state for item in items)) for state in states)
