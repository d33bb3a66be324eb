"""`make mutate`: change one condition at a time in every SQL rule, and say which changes no case notices.

Exit code 1 if fewer than 95 % of the mutants die, if a survivor is not in `equivalents.yaml`, or if that list names a
change that does not exist any more or that a case does notice.
"""

from __future__ import annotations

import argparse
import logging
import sys

from roster_pipeline_tests.mutation.equivalents import Findings, compare_with_list, read_equivalents
from roster_pipeline_tests.mutation.judge import Verdict, judge_models
from roster_pipeline_tests.mutation.mutants import Mutant
from roster_pipeline_tests.mutation.properties import DEFAULT_SEED, draw_mutants, survive_properties
from roster_pipeline_tests.mutation.properties import SHARE_TO_REACH as PROPERTIES_SHARE
from roster_pipeline_tests.support.sql_cases import SQL_FILES

SHARE_TO_REACH = 0.95


def main() -> int:
    """Run the command and return its exit code."""
    options = _options()
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of mutants that DuckDB refuses
    if options.properties:
        return _run_properties(options.properties, options.seed)
    models = [model for model in SQL_FILES if not options.only or model in options.only]
    verdicts = []
    for verdict in judge_models(models):
        verdicts.append(verdict)
        killed = len(verdict.mutants) - len(verdict.survivors)
        print(f"{verdict.model:40} {killed:4} / {len(verdict.mutants)}", flush=True)
    return _report(verdicts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="MODEL", choices=SQL_FILES, help="only these models and SQL tests")
    parser.add_argument(
        "--properties", type=int, metavar="N", help="run the identity properties against N mutants drawn at random"
    )
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of the draw (default: %(default)s)")
    return parser.parse_args()


def _run_properties(count: int, seed: int) -> int:
    survivors = survive_properties(draw_mutants(count, seed, read_equivalents().keys()), seed)
    _print_mutants("These changes are noticed by no property:", survivors)
    print(f"{count - len(survivors)} of {count} mutants of the rules of identity die in the properties (seed {seed}).")
    return 0 if count - len(survivors) >= PROPERTIES_SHARE * count else 1


def _report(verdicts: list[Verdict]) -> int:
    mutants = [mutant for verdict in verdicts for mutant in verdict.mutants]
    survivors = [mutant for verdict in verdicts for mutant in verdict.survivors]
    models = {verdict.model for verdict in verdicts}
    listed = [key for key in read_equivalents() if key[0] in models or key[0] not in SQL_FILES]
    findings = compare_with_list(mutants, survivors, listed)
    share = 1 - len(survivors) / len(mutants)
    _print_findings(findings)
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} mutants die ({share:.1%}).")
    print(f"{len(survivors) - len(findings.unlisted)} of the survivors are listed as equivalent.")
    is_enough = share >= SHARE_TO_REACH or len(models) < len(SQL_FILES)  # the share is that of all rules
    return 0 if findings.is_good and is_enough else 1


def _print_findings(findings: Findings) -> None:
    _print_mutants("These changes are noticed by no case:", findings.unlisted)
    for heading, keys in (
        ("equivalents.yaml names changes that do not exist:", findings.unknown),
        ("equivalents.yaml names changes that a case notices:", findings.dead),
    ):
        if keys:
            print(heading, *(f"  {model} | {change}" for model, change in keys), sep="\n")


def _print_mutants(heading: str, mutants: list[Mutant]) -> None:
    if mutants:
        print(heading, *(f"  {mutant.model} | {mutant.kind} | {mutant.change}" for mutant in mutants), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
