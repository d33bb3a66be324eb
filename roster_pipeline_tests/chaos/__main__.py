"""Kills syncs, feeds them faults, hazards and hostile text, and counts what was lost; prints one table with its seed.

    python -m roster_pipeline_tests.chaos [--seed N] [--kills N] [--faults N] [--hazards N] [--strings N]
        [--processes N]

The same seed draws the same days and faults; where a clock or a thread meets them is up to the machine. The exit code
is 1 if anything was lost, twice, wrong or half published. Ctrl-C ends it with the table of what was tried until then.
"""

import argparse
import os
import sys
import time
import traceback
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context

from rich.console import Console
from rich.table import Table

from roster_pipeline_tests.chaos.lives import A_LIFE, FAULTS, HAZARDS, KILLS, STRINGS, begin, live, lives_of
from roster_pipeline_tests.chaos.score import KINDS, WRONG, Score
from roster_pipeline_tests.chaos.texts import COLLECTED, hostile_texts
from roster_pipeline_tests.support.server import migrated_server

SHOWN = 40
"""Lines about what was found."""
err = Console(stderr=True, highlight=False)


def main() -> None:
    args = _arguments()
    started = time.monotonic()
    lives = [
        *lives_of(KILLS, args.kills),
        *lives_of(FAULTS, args.faults),
        *lives_of(HAZARDS, args.hazards),
        *lives_of(STRINGS, min(args.strings, len(hostile_texts()))),
    ]
    scores = {kind: Score() for kind in A_LIFE}
    with (
        migrated_server() as url,
        ProcessPoolExecutor(args.processes, get_context("spawn"), begin, (url,)) as pool,
    ):
        lived = {pool.submit(live, args.seed, life): life for life in lives}
        try:
            for number, one in enumerate(as_completed(lived), 1):
                kind = lived[one].kind
                scores[kind].add(found := _score(one))
                err.print(f"{number:>4} of {len(lives)} towns: {scores[kind].tried:,} {kind}", style="dim")
                for line in found.lines:
                    err.print(line, markup=False)
        except KeyboardInterrupt:
            err.print("Interrupted. What was tried until now:")
            for worker in active_children():
                worker.kill()
    _show(scores, args.seed, args.processes, time.monotonic() - started)
    if any(score.found for score in scores.values()):
        sys.exit(1)


def _score(lived: Future[Score]) -> Score:
    """Return the score of one town. A town that ends with an error of its own counts as a finding."""
    fault = lived.exception()
    if fault is None or isinstance(fault, KeyboardInterrupt):
        return lived.result()
    traceback.print_exception(fault)
    score = Score()
    score.note(WRONG, 1, f"a town came to no end: {type(fault).__name__}")
    return score


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kills, faults and hostile text; and what was lost.")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn")
    parser.add_argument("--kills", type=int, default=200, help="commands to kill")
    parser.add_argument("--faults", type=int, default=1_000, help="schedules of faults to try")
    parser.add_argument("--hazards", type=int, default=200, help="hazards of the installation to let happen")
    parser.add_argument("--strings", type=int, default=sys.maxsize, help="hostile texts to try; all if not given")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="at a time")
    return parser.parse_args()


def _show(scores: dict[str, Score], seed: int, processes: int, seconds: float) -> None:
    out = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    table = Table("", "tried", *KINDS, title=f"Chaos, seed {seed}", title_justify="left")
    for kind, score in scores.items():
        table.add_row(kind, f"{score.tried:,}", *(str(score.found[one]) for one in KINDS))
    out.print(table)
    for score in scores.values():
        for note, count in sorted(score.notes.items()):
            out.print(f"{count:>7,}  {note}", markup=False)
    for line in [line for score in scores.values() for line in score.lines][:SHOWN]:
        out.print(line, markup=False)
    if not COLLECTED.is_dir():
        out.print("Of hostile texts only our own were tried: the collections are not beside this checkout.")
    out.print(f"{seconds / 60:.1f} minutes, {processes} processes.")


if __name__ == "__main__":
    main()
