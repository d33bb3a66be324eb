"""Define the figures of identity: the time, the rows that are read, and the precision and recall of links."""

from rich.table import Table

from roster_pipeline_tests.benchmarks.figures import Bench, Figure, took
from roster_pipeline_tests.benchmarks.measure import Measured

ASKED = 1_000
SEED = 20261122
LINKS = "precision and recall of links"
COLUMNS = {
    "people": "people",
    "with_account": "have an account",
    "in_reach": "exact email allows",
    "right": "linked right",
    "right_flagged": "of these flagged",
    "wrong": "linked wrong",
    "wrong_flagged": "of these flagged",
    "created": "new account",
    "created_told": "of these told of",
}


def matching(bench: Bench, people: int, accounts: int) -> list[Figure]:
    """Measure a landed district: four in five people have an account with their email, and one in 25 nearly."""
    home, exact, near = bench.new_folder(), people * 4 // 5, people // 25
    size = {"people": people, "accounts": accounts, "exact": exact, "near": near}
    bench.in_product("accounts to match", "matching:prepare", home, **size)
    ours = bench.in_product("matching as in a sync", "matching:as_in_a_sync", home)
    pandas = bench.in_product("matching in pandas", "matching:in_pandas", home)
    lookups = bench.in_product("matching one by one", "matching:one_by_one", home, asked=ASKED)
    return [
        Figure(
            f"who is who, {people:,} people among {accounts:,} accounts",
            took(ours),
            f"exact addresses alone, in pandas {took(pandas)}",
            f"{ours.seconds / pandas.seconds:.2f}x the time",
            "≤ 60 s",
            ours.seconds <= 60,
        ),
        _rows_read(ours, pandas, exact, near),
        *_steps(ours.detail["again"], pandas, lookups.seconds * people / lookups.detail["asked"]),
    ]


def _rows_read(ours: Measured, pandas: Measured, exact: int, near: int) -> Figure:
    read, needed = sum(ours.detail["rows"].values()), exact + near
    as_it_is = read == needed and ours.detail["linked"] == pandas.detail["linked"] == exact
    return Figure(
        "rows it reads from the product",
        f"{read:,}",
        f"accounts that match {needed:,} ({exact:,} exactly, {near:,} nearly); pandas {pandas.detail['rows']:,}",
        f"{read / pandas.detail['rows']:.2f}x the rows",
        "those that match",
        as_it_is and ours.detail["near"] == near,
    )


def _steps(again: dict[str, float], pandas: Measured, one_by_one: float) -> list[Figure]:
    """Return the share of each kind of match in the time, beside other ways to find accounts by exact email."""
    exact, near = again["addresses"] + again["accounts"], again["near_accounts"]
    name = "its reading of exact matches, measured again"
    return [
        _beside(name, exact, "all accounts into pandas, merged there", pandas.seconds),
        _beside(name, exact, f"a SELECT for each address, extrapolated from {ASKED:,}", one_by_one),
        _beside("its reading of near matches, measured again", near, "exact matches", exact),
    ]


def _beside(name: str, ours: float, label: str, theirs: float) -> Figure:
    return Figure(name, f"{ours:.2f} s", f"{label} {theirs:.2f} s", f"{ours / theirs:.2f}x the time")


def links(bench: Bench, people: int) -> list[Figure]:
    """Measure the links of a first sync, with all kinds of mistakes and then with fewer and fewer.

    That no wrong link is made without asking a person, where anything contradicts it, is a promise.
    """
    found = bench.in_product(LINKS, "precision", bench.new_folder(), people=people, seed=SEED)
    every, seen = _sum(found), _sum(found, goes_unseen=False)
    flagged = every["right_flagged"] + every["wrong_flagged"]
    unasked = every["wrong"] - every["wrong_flagged"]
    return [
        Figure(
            f"precision of links, all of them, {people:,} people, seed {SEED}",
            _share(every["right"], every["right"] + every["wrong"]),
            f"flagged for a person to look at (teachers of another name) {flagged}",
            f"{every['wrong_flagged']} of the flagged wrong",
        ),
        Figure(
            "without links flagged for a person to look at",
            _share(*_unflagged(every)),
            "addresses that moved within one last name: a name agrees, so docs/rules.md R2.17 links",
            f"{unasked} wrong, nobody asked",
        ),
        Figure(
            "without these two kinds of mistake either",
            _share(*_unflagged(seen)),
            "where a name, a role, an organization, a closed account or another person contradicts",
            f"{seen['wrong'] - seen['wrong_flagged']} wrong, nobody asked",
            "1.0000",
            seen["wrong"] == seen["wrong_flagged"],
            is_promise=True,
        ),
        Figure(
            "recall of links",
            _share(every["right"], every["with_account"]),
            f"of what exact email allows {_share(every['right'], every['in_reach'])}",
            "",
            "all it allows",
            every["right"] == every["in_reach"],
        ),
    ]


def _sum(found: Measured, **only: bool) -> dict[str, int]:
    kinds = [kind for kind in found.detail["kinds"] if kind.items() >= only.items()]
    return {name: sum(kind[name] for kind in kinds) for name in COLUMNS}


def _unflagged(counts: dict[str, int]) -> tuple[int, int]:
    """Return the right links without a review, and all links without one."""
    right, wrong = (counts[name] - counts[f"{name}_flagged"] for name in ("right", "wrong"))
    return right, right + wrong


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f} ({part:,} of {whole:,})"


def mistakes(bench: Bench) -> Table:
    """Return a row for each kind of mistake: how often it occurred, and what the sync decided."""
    found = bench.measured[LINKS]
    title = f"Links by email and what is wrong with the records, seed {found.detail['seed']}"
    table = Table("what is wrong", "of 1,000", *COLUMNS.values(), title=title, title_justify="left")
    for kind in found.detail["kinds"]:
        table.add_row(kind["kind"], *_counts(kind, found))
    table.add_section()
    table.add_row("all", *_counts(_sum(found), found))
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _counts(counts: dict[str, int], found: Measured) -> list[str]:
    rate = 1_000 * counts["people"] / _sum(found)["people"]
    return [f"{rate:.1f}", *(f"{counts[name]:,}" for name in COLUMNS)]
