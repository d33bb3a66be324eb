"""Run mutants of the rules of identity, drawn at random, against random worlds of people and accounts."""

from __future__ import annotations

import random
from collections.abc import Collection

import duckdb

from roster_pipeline_tests.mutation.equivalents import Key
from roster_pipeline_tests.mutation.mutants import Mutant, mutants_of
from roster_pipeline_tests.support.sql_cases import SQL_FILES, open_empty_warehouse
from roster_pipeline_tests.support.worlds import draw_world, fill_worlds, find_differences, run_identity_models

MODELS = ("int_identities", "int_email_claims")
SHARE_TO_REACH = 0.75
DEFAULT_SEED = 20261128
WORLDS = 500


def draw_mutants(count: int, seed: int, equivalents: Collection[Key] = ()) -> list[Mutant]:
    """Draw mutants of the rules of identity that are not listed as equivalent."""
    mutants = [
        mutant
        for model in MODELS
        for mutant in mutants_of(model, SQL_FILES[model].read_text(encoding="utf-8"))
        if (model, mutant.change) not in equivalents
    ]
    return random.Random(seed).sample(mutants, count)


def survive_properties(mutants: list[Mutant], seed: int, *, count: int = WORLDS) -> list[Mutant]:
    """Return the mutants that decide every random world as docs/rules.md says.

    Args:
        count: the number of worlds.
    """
    drawing = random.Random(seed)
    worlds = [draw_world(number, drawing) for number in range(1, count + 1)]
    with open_empty_warehouse() as con:
        fill_worlds(con, worlds)
        return [mutant for mutant in mutants if _is_right(con, worlds, mutant)]


def _is_right(con: duckdb.DuckDBPyConnection, worlds: list, mutant: Mutant) -> bool:
    try:
        run_identity_models(con, **{mutant.model: mutant.sql})
    except duckdb.Error:
        return False
    return next(find_differences(con, worlds), None) is None
