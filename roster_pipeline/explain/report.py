"""The shape of an answer: steps in order, each with a state and a plain sentence. Nothing is read here."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

State = Literal["ok", "waiting", "stopped", "ended", "unknown"]


@dataclass(frozen=True)
class Item:
    """One line below a step: a class, a member, a review. `state` is the word that fits it, such as `pending`."""

    state: str
    says: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One link of the chain; `facts` has the ids, for machines."""

    name: str
    state: State
    says: str
    facts: Mapping[str, object] = field(default_factory=dict)
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Chain:
    """What is known of one Clever id in one district. The last step says whose move is next."""

    kind: Literal["person", "section"]
    clever_id: str
    district_id: str
    district_name: str
    steps: tuple[Step, ...]


def at(moment: datetime) -> str:
    """A time as people read it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def dated(moment: datetime | None) -> str:
    """A time after a comma, where there is one."""
    return f", {at(moment)}" if moment else ""


def changed(stamps: Iterable[str | None]) -> str:
    """The newest `last_modified` of a record's copies, as the end of a sentence; what is no time says nothing."""
    times = []
    for stamp in stamps:
        with suppress(TypeError, ValueError):
            times.append(datetime.fromisoformat(stamp or "").astimezone(UTC))
    return f", changed there {at(max(times))}" if times else ""


def count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def listed(words: Collection[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def tally(items: Collection[Item]) -> str:
    """How many there are in each state: `3 published, 1 pending`."""
    states = dict.fromkeys(item.state for item in items)
    return ", ".join(f"{sum(item.state == state for item in items):,} {state}" for state in states)


def told(evidence: Mapping[str, object]) -> str:
    """Evidence, whichever keys it has, in brackets; empty where it says nothing."""
    known = [
        f"{key} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in evidence.items()
        if value is not None
    ]
    return f" ({', '.join(known)})" if known else ""
