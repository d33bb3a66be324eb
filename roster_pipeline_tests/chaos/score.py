"""Count the findings: lost, duplicate and wrong rows, and half-published states. No line names a person."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from roster_pipeline_tests.chaos.visible import Rows
from roster_pipeline_tests.support.readers import KEY_COLUMNS

LOST, DUPLICATE, WRONG, HALF = "lost", "duplicate", "wrong", "half-published"
KINDS = (LOST, DUPLICATE, WRONG, HALF)
NAMED = 3
"""Keys in a line; a key is made of Clever's ids."""
NOTHING: Counter[tuple[object, ...]] = Counter()


@dataclass
class Score:
    """The findings of one case or of many.

    Attributes:
        found: by kind, how many.
        lines: what they were.
        notes: what else is good to know, counted.
    """

    tried: int = 0
    found: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, other: "Score") -> None:
        self.tried += other.tried
        self.found += other.found
        self.lines += other.lines
        self.notes += other.notes
        self.seconds += other.seconds

    def note(self, kind: str, count: int, said: str) -> None:
        """Add a number of findings of one kind. Zero adds none."""
        if count:
            self.found[kind] += count
            self.lines.append(f"{kind}: {said}")

    def compare(self, what: str, wanted: Rows, found: Rows) -> None:
        """Compare the actual rows with the expected ones and add the differences.

        A row is known by its key: one that is missing is lost, one there more often is duplicate, and one with other
        content is wrong, as is a row that nobody expects.
        """
        for table in wanted:
            should, does = (_by_key(table, rows[table]) for rows in (wanted, found))
            lost, twice, wrong = Counter(), Counter(), Counter()
            for key in should.keys() | does.keys():
                was, now = should.get(key, NOTHING), does.get(key, NOTHING)
                lost[key] = max(0, was.total() - now.total())
                twice[key] = max(0, now.total() - was.total()) if was else 0
                wrong[key] = not was or (was.total() == now.total() and was != now)
            for kind, keys in ((LOST, +lost), (DUPLICATE, +twice), (WRONG, +wrong)):
                self.note(kind, keys.total(), f"{what}: {table} {_named(keys)}")

    def complain(self, kind: str, said: Iterable[str]) -> None:
        for one in said:
            self.note(kind, 1, one)


def _by_key(table: str, rows: Counter[tuple[object, ...]]) -> dict[tuple[object, ...], Counter[tuple[object, ...]]]:
    keyed: dict[tuple[object, ...], Counter[tuple[object, ...]]] = {}
    for row, count in rows.items():
        if count:
            keyed.setdefault(row[: KEY_COLUMNS.get(table, len(row))], Counter())[row] += count
    return keyed


def _named(keys: Counter[tuple[object, ...]]) -> str:
    shown = sorted(keys, key=repr)[:NAMED]
    return ", ".join(" ".join(map(str, key)) for key in shown) + (", …" if len(keys) > NAMED else "")
