"""Random worlds of people and accounts, decided in memory: many worlds share one run of the models.

A world is one district before a sync: the people of its feed, and the accounts, memberships and reviews that the
product has. No two worlds share an id or an email, so one warehouse holds them all without any effect on each other.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random

import duckdb
import pyarrow as pa

from roster_pipeline.stage import load_models, run_models
from roster_pipeline_tests.support.rule_book_identity import Account, Known, Membership, Person, is_address, who_is_who

FIRST = ("Ada", "ada", " Ada", "Zoë", "Zoe", "Bo", "Kim", "Tom", "", None)
LAST = ("Brook", "BROOK", "Stone", "Reed", "Moss", "", None)
LETTERS = "aAbcdefg"
LIKELY, UNLIKELY = 0.7, 0.15
"""The share of draws that agree with a person of the feed, and that close an account."""
PLACES = ("nowhere", "nowhere", "here", "left", "admin here", "elsewhere", "admin elsewhere", "linked")
"""What an account that others made is to the organization."""
PEOPLE = 6
"""People of the feed of one world, at most."""
MODELS = {
    "int_partially_read",
    "int_people",
    "int_email_claims",
    "int_identities",
    "accounts",
    "org_memberships",
    "reviews",
}
ACCOUNTS = "select clever_id, account_id, role, first_name, last_name, email, clever_email from marts.accounts"
ROLES = "select clever_id, role from marts.org_memberships"
RECYCLED = "select clever_id, is_recycled from intermediate.int_identities"
REVIEWS = "select clever_id, reason from marts.reviews"
ABOUT_A_HOLDER = ("already_linked", "role_differs", "account_closed", "name_differs", "email_shared")


@dataclass(frozen=True)
class World:
    """The feed and the product before a sync, as the oracle `who_is_who` takes them."""

    number: int
    feed: dict  # Clever id to (role, first, last, email)
    known: Known

    @cached_property
    def people(self) -> dict[str, Person]:
        """Who each person of the feed is, by Clever id, as the oracle decides."""
        return who_is_who(self.feed, self.known)


def draw_world(number: int, random: Random) -> World:
    """Draw one world. Its ids and emails carry its number."""
    emails = [f"{letter}@w{number}.example.org" for letter in LETTERS]
    feed = {}
    for index in random.sample(range(PEOPLE), random.randint(2, PEOPLE)):
        role = random.choice(("student", "student", "teacher"))
        email = random.choice([*emails, *emails, None, f"no address {number}"])
        feed[f"{number:012x}{index:012x}"] = (role, random.choice(FIRST), random.choice(LAST), email)
    accounts = _draw_accounts(number, random, emails, feed)
    return World(number, feed, Known(accounts, *_draw_reviews(random, feed, accounts)))


def _draw_accounts(number: int, random: Random, emails: list, feed: dict) -> dict:
    people = list(feed)
    free = random.sample(emails, len(emails))
    owners = [*random.sample(people, random.randint(0, len(people) - 1)), None, None, None]
    accounts = {}
    for index, owner in enumerate(owners):
        like = random.choice(list(feed.values()))
        email = like[3] if like[3] in free and random.random() < LIKELY else random.choice([*free, None])
        if email:
            free.remove(email)
        names = {"first_name": random.choice((like[1], *FIRST)), "last_name": random.choice((like[2], *LAST))}
        is_closed = random.random() < UNLIKELY
        role = like[0] if random.random() < LIKELY else random.choice(("student", "teacher", "admin"))
        if owner:
            account = Account(
                role,
                **names,
                email=email,
                clever_email=random.choice([email, email, *emails, None]),
                imported=True,
                is_closed=is_closed,
                linked_to=owner,
                here=Membership(role, is_admin=role == "admin", is_live=not is_closed),
            )
        else:
            account = _draw_account_of_others(random, role, email, names, is_closed=is_closed)
        accounts[number * 100 + index] = account
    return accounts


def _draw_account_of_others(random: Random, role: str, email: str | None, names: dict, *, is_closed: bool) -> Account:
    place = random.choice(PLACES)
    here = {
        "here": Membership(role, is_native=True),
        "left": Membership(role, is_native=True, is_live=False),
        "admin here": Membership("admin", is_admin=True, is_native=True),
    }
    return Account(
        role,
        **names,
        email=email,
        is_closed=is_closed,
        is_linked_elsewhere=place == "linked",
        is_member_elsewhere=place in ("elsewhere", "admin elsewhere"),
        is_admin_elsewhere=place == "admin elsewhere",
        here=here.get(place),
    )


def _draw_reviews(random: Random, feed: dict, accounts: dict) -> tuple[dict, set]:
    """Draw open reviews, and decisions that a person is not a certain account."""
    own = {account.linked_to: key for key, account in accounts.items() if account.linked_to}
    holders = {account.email: key for key, account in accounts.items() if account.email}
    reviews, decided = {}, set()
    for key, (_, _, _, email) in feed.items():
        holder = holders.get(email) if is_address(email) else None
        if key in own and random.random() < 0.2:
            reviews[key, "recycled_id"] = own[key]
        elif holder is not None and holder != own.get(key) and random.random() < 0.2:
            decided.add((key, random.choice(ABOUT_A_HOLDER), holder))
    return reviews, decided


def fill_worlds(con: duckdb.DuckDBPyConnection, worlds: list[World], step: int = 1) -> None:
    """Fill the tables that the models of identity read.

    Args:
        step: 1 inserts the rows in their order, -1 in reverse order.
    """
    people = {"teacher": [], "student": []}
    for world in worlds:
        for key, (role, first, last, email) in world.feed.items():
            people[role].append({"clever_id": key, "first_name": first, "last_name": last, "email": email})
    for role, rows in people.items():
        _insert(con, f"staging.stg_{role}s", [{**row, "school_ids": []} for row in rows[::step]])
    _insert(con, "current.accounts", [row for world in worlds for row in _account_rows(world)][::step])
    _insert(con, "current.org_memberships", [row for world in worlds for row in _membership_rows(world)][::step])
    _insert(con, "current.reviews", [row for world in worlds for row in _review_rows(world)][::step])


def run_identity_models(con: duckdb.DuckDBPyConnection, **replaced: str) -> None:
    """Run the models of identity.

    Args:
        replaced: SQL that runs in place of a model, by the name of the model.
    """
    models = [model for model in load_models() if model.name in MODELS and model.layer != "staging"]
    list(run_models(con, [replace(model, sql=replaced.get(model.name, model.sql)) for model in models]))


def find_differences(con: duckdb.DuckDBPyConnection, worlds: list[World]) -> Iterator[str]:
    """Yield a line for each person about whom the models and the oracle disagree."""
    accounts = {key: tuple(row) for key, *row in con.execute(ACCOUNTS).fetchall()}
    roles, recycled = (dict(con.execute(query).fetchall()) for query in (ROLES, RECYCLED))
    reviews = defaultdict(set)
    for key, reason in con.execute(REVIEWS).fetchall():
        reviews[key].add(reason)
    for world in worlds:
        for key, person in world.people.items():
            expected = (person.account, *person.content[:-1], _role_in_organization(world.known, person))
            actual = (*accounts.get(key, ()), roles.get(key))
            if actual != expected or recycled.get(key) != person.is_recycled or reviews[key] not in person.reviews:
                yield f"{key}: {actual}, {reviews[key]} is not {expected}, {person.reviews}, in {world}"


def _role_in_organization(known: Known, person: Person) -> str:
    """Return the role of a person. A live admin of the organization stays one. Others have the role of Clever."""
    account = known.accounts.get(person.account)
    here = account.here if account else None
    return "admin" if here and here.is_live and here.role == "admin" else person.role


def _account_rows(world: World) -> list[dict]:
    """Return the rows that a sync would read: linked accounts, and accounts with an email of the feed."""
    asked = {email for _, _, _, email in world.feed.values()}
    rows = []
    for key, account in world.known.accounts.items():
        if not (account.linked_to or account.email in asked):
            continue
        is_hidden = account.is_linked_elsewhere or account.is_member_elsewhere
        rows.append(
            {
                "account_id": key,
                "role": account.role,
                "first_name": None if is_hidden else account.first_name,
                "last_name": None if is_hidden else account.last_name,
                "email": account.email,
                "clever_email": account.clever_email,
                "imported_from_clever": account.imported,
                "linked_clever_id": account.linked_to,
                "is_linked_here": account.linked_to is not None,
                "is_linked_elsewhere": account.is_linked_elsewhere,
                "is_member_elsewhere": account.is_member_elsewhere,
                "is_admin_elsewhere": account.is_admin_elsewhere,
                "is_admin_here": account.is_admin_here,
                "is_other_disconnected": False,
                "is_other_name_different": False,
                "is_ended": account.is_closed,
                "is_native": False,
            }
        )
    return rows


def _membership_rows(world: World) -> list[dict]:
    return [
        {
            "account_id": key,
            "clever_id": account.linked_to,
            "role": account.here.role,
            "is_ended": not account.here.is_live,
            "is_native": (account.here.is_native or account.here.is_admin) and account.here.is_live,
        }
        for key, account in world.known.accounts.items()
        if account.here
    ]


def _review_rows(world: World) -> list[dict]:
    asked = [(key, reason, about, False) for (key, reason), about in world.known.reviews.items()]
    decided = [(*review, True) for review in sorted(world.known.decided)]
    names = ("clever_id", "reason", "account_id", "is_native")
    return [{**dict(zip(names, row, strict=True)), "is_ended": False} for row in (*asked, *decided)]


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict]) -> None:
    con.register("new_rows", pa.Table.from_pylist(rows))
    con.execute(f"insert into {table} by name from new_rows")
    con.unregister("new_rows")
