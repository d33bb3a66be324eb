"""The list of equivalent mutants: changes that give the same rows for every input that the pipeline can produce."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from roster_pipeline_tests.mutation.mutants import Mutant

LIST = Path(__file__).with_name("equivalents.yaml")

Key = tuple[str, str]
"""The model, and the change as `Mutant.change` says it."""


def read_equivalents(path: Path = LIST) -> dict[Key, str]:
    """Return the reason for each equivalent mutant of the list."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {
        (model, change): entry["reason"]
        for model, groups in entries.items()
        for entry in groups
        for change in entry["changes"]
    }


@dataclass(frozen=True)
class Findings:
    """What is wrong with the survivors or with the list.

    Attributes:
        unlisted: survivors that the list does not name. A case is missing, or the list.
        unknown: entries that name no mutant any more.
        dead: entries whose mutant dies. It is not equivalent.
    """

    unlisted: list[Mutant]
    unknown: list[Key]
    dead: list[Key]

    @property
    def is_good(self) -> bool:
        return not (self.unlisted or self.unknown or self.dead)


def compare_with_list(mutants: Iterable[Mutant], survivors: Iterable[Mutant], listed: Iterable[Key]) -> Findings:
    """Compare the survivors with the list of equivalent mutants."""
    all_keys = {(mutant.model, mutant.change) for mutant in mutants}
    alive = {(mutant.model, mutant.change): mutant for mutant in survivors}
    known = set(listed)
    return Findings(
        unlisted=[mutant for key, mutant in alive.items() if key not in known],
        unknown=sorted(known - all_keys),
        dead=sorted((known & all_keys) - alive.keys()),
    )
