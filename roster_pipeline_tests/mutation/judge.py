"""Run the cases of a model against its mutants. A mutant dies if a case expects other rows, or if it cannot run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import duckdb

from roster_pipeline_tests.mutation.mutants import Mutant, mutants_of
from roster_pipeline_tests.support.sql_cases import (
    SQL_FILES,
    Case,
    cases_of,
    compare,
    given_rows,
    open_empty_warehouse,
)

WORKERS_AT_MOST = 2


@dataclass(frozen=True)
class Verdict:
    """What became of the mutants of one model."""

    model: str
    mutants: list[Mutant]
    survivors: list[Mutant]


def judge_models(models: Iterable[str]) -> Iterator[Verdict]:
    """Yield a verdict for each model, in their order. The work is divided among a worker per core, at most two."""
    with ProcessPoolExecutor(min(WORKERS_AT_MOST, os.cpu_count() or 1)) as workers:
        yield from workers.map(judge_model, models)


def judge_model(model: str) -> Verdict:
    """Run the model's cases against each of its mutants."""
    mutants = mutants_of(model, SQL_FILES[model].read_text(encoding="utf-8"))
    with open_empty_warehouse() as con:
        survivors = find_survivors(con, cases_of(model), mutants)
    return Verdict(model, mutants, survivors)


def find_survivors(con: duckdb.DuckDBPyConnection, cases: Iterable[Case], mutants: Iterable[Mutant]) -> list[Mutant]:
    """Return the mutants that give what every case expects, with the rows in either order."""
    survivors = list(mutants)
    for case in cases:
        for step in case.row_orders.values():
            survivors = _survive(con, case, step, survivors)
    return survivors


def _survive(con: duckdb.DuckDBPyConnection, case: Case, step: int, mutants: list[Mutant]) -> list[Mutant]:
    """Return the mutants that pass one case. The tables are filled once, and again after a mutant that cannot run."""
    waiting, survivors = list(reversed(mutants)), []
    while waiting:
        with given_rows(con, case, step):
            while waiting:
                mutant = waiting.pop()
                try:
                    expected, actual = compare(con, case, mutant.sql)
                except (duckdb.Error, AssertionError, TypeError):
                    break
                if expected == actual:
                    survivors.append(mutant)
    return survivors
