"""Generate a district whose true identities are known, with mistakes in people's records at given rates.

`truth` holds the true identities, and `precision` counts what a sync makes of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from roster_pipeline_tests.benchmarks.truth import Record, Someone, Town, plain

NICKNAMES = {"William": "Bill", "Margaret": "Peggy", "Robert": "Bob", "Elizabeth": "Liz", "José": "Pepe"}
OTHER_ROLE = {"student": "teacher", "teacher": "student"}


def nothing_wrong(town: Town) -> list[Someone]:
    record = town.record()
    return [Someone(record, record)]


def no_account_yet(town: Town) -> list[Someone]:
    return [Someone(town.record())]


def twins(town: Town) -> list[Someone]:
    one = town.record()
    other = town.twin(one)
    return [Someone(one, one), Someone(other, other)]


def nickname(town: Town) -> list[Someone]:
    first = town.rng.choice(list(NICKNAMES))
    record = town.record(first=first)
    return [Someone(record, replace(record, first=NICKNAMES[first]))]


def name_spelled_plainly(town: Town) -> list[Someone]:
    record = town.record()
    return [Someone(record, replace(record, first=plain(record.first), last=plain(record.last)))]


def new_last_name(town: Town) -> list[Someone]:
    before = town.record()
    return [Someone(replace(before, last=town.stranger(before).last), before)]


def new_last_name_and_address(town: Town) -> list[Someone]:
    (someone,) = new_last_name(town)
    return [replace(someone, clever=town.with_address(someone.clever))]


def nickname_and_new_last_name(town: Town) -> list[Someone]:
    (someone,) = nickname(town)
    return [replace(someone, clever=replace(someone.clever, last=town.stranger(someone.own).last))]


def blanks_around_the_address(town: Town) -> list[Someone]:
    record = town.record()
    return [Someone(replace(record, email=f" {record.email}\t"), record)]


def typing_error(town: Town) -> list[Someone]:
    record = town.record()
    return [Someone(*town.rng.sample((record, town.mistyped(record)), 2))]


def capital_letters(town: Town) -> list[Someone]:
    record = town.record()
    return [Someone(*town.rng.sample((record, replace(record, email=record.email.title())), 2))]


def no_address(town: Town) -> list[Someone]:
    record = town.record()
    return [Someone(replace(record, email=None), record)]


def no_address_but_a_word(town: Town) -> list[Someone]:
    record = town.record()
    return [Someone(replace(record, email="None"), record)]


def family_address(town: Town) -> list[Someone]:
    elder = town.record()
    return [Someone(elder, elder), Someone(replace(town.twin(elder), email=elder.email))]


def classmates_address(town: Town) -> list[Someone]:
    one, other = town.record(), town.record()
    return [Someone(one, one), Someone(replace(other, email=one.email), other)]


def other_role(town: Town) -> list[Someone]:
    record = town.record()
    return [Someone(record, replace(record, role=OTHER_ROLE[record.role]))]


def other_organization(town: Town) -> list[Someone]:
    record = town.record()
    return [Someone(record, replace(record, is_elsewhere=True))]


def passed_on(town: Town) -> list[Someone]:
    now = town.record()
    return [Someone(now, strangers=replace(town.stranger(now), email=now.email))]


def passed_on_once_closed(town: Town) -> list[Someone]:
    (someone,) = passed_on_in_the_name(town)
    return [replace(someone, strangers=replace(someone.strangers, is_closed=True))]


def passed_on_in_the_name(town: Town) -> list[Someone]:
    now = town.record()
    return [Someone(now, strangers=replace(town.twin(now), email=now.email))]


def swapped(town: Town) -> list[Someone]:
    one = town.record()
    return _swapped(one, town.stranger(one))


def swapped_by_twins(town: Town) -> list[Someone]:
    one = town.record()
    return _swapped(one, town.twin(one))


def _swapped(one: Record, other: Record) -> list[Someone]:
    return [Someone(replace(one, email=other.email), one), Someone(replace(other, email=one.email), other)]


@dataclass(frozen=True)
class Kind:
    """One way in which records of the same person differ.

    Attributes:
        in_1000: people to whom it happens, of 1,000.
        goes_unseen: the address belongs to another person, and nothing that docs/rules.md looks at contradicts.
    """

    name: str
    in_1000: int
    make: Callable[[Town], list[Someone]]
    goes_unseen: bool = False


USUAL = Kind("nothing wrong", 0, nothing_wrong)
"""Everybody else."""
KINDS = (
    Kind("nothing wrong, no account yet", 150, no_account_yet),
    Kind("nothing wrong, twins", 20, twins),
    Kind("first name: a nickname in the product", 25, nickname),
    Kind("names: case and accents left out in the product", 10, name_spelled_plainly),
    Kind("last name: a new one, address kept", 15, new_last_name),
    Kind("last name: a new one, and a new address", 10, new_last_name_and_address),
    Kind("both names: a nickname, and a new last name", 4, nickname_and_new_last_name),
    Kind("address: blanks around it in Clever", 10, blanks_around_the_address),
    Kind("address: a typing error in Clever or in the product", 25, typing_error),
    Kind("address: capital letters in Clever or in the product", 20, capital_letters),
    Kind("address: none in Clever", 40, no_address),
    Kind("address: 'None' in Clever", 5, no_address_but_a_word),
    Kind("address: one for siblings, the elder's account", 20, family_address),
    Kind("address: a classmate's by mistake", 6, classmates_address),
    Kind("account: in the other role", 6, other_role),
    Kind("account: another organization's", 10, other_organization),
    Kind("address recycled, from another name", 10, passed_on),
    Kind("address recycled, the old account closed", 6, passed_on_once_closed),
    Kind("address recycled, from the same last name", 2, passed_on_in_the_name, goes_unseen=True),
    Kind("addresses swapped, other names", 6, swapped),
    Kind("addresses swapped, the same last name (twins)", 2, swapped_by_twins, goes_unseen=True),
)


def draw_people(people: int, seed: int) -> list[tuple[Kind, Someone]]:
    """Draw a district of `people` in random order. Each kind occurs at its rate and at least once."""
    town = Town(Random(seed))
    drawn = [(kind, someone) for kind in KINDS for someone in _draw(kind, people * kind.in_1000 // 1000, town)]
    drawn += [(USUAL, someone) for someone in _draw(USUAL, people - len(drawn), town)]
    town.rng.shuffle(drawn)
    return drawn


def _draw(kind: Kind, people: int, town: Town) -> list[Someone]:
    drawn = kind.make(town)
    while len(drawn) < people:
        drawn += kind.make(town)
    return drawn
