"""Generate conflicts between people: tiny districts, and accounts that others made, with few names and addresses.

Hypothesis draws the events of a day. The functions apply them in Clever, or in the product as another program would.
"""

from hypothesis import strategies as st

from roster_pipeline_tests.support.changes import apply, clever_id
from roster_pipeline_tests.support.readers import execute, query

FIRST = ("Ada", "ada", "Zoë", "Zoe", "Bo")
LAST = ("Brook", "BROOK", "Stone")
ADDRESSES = tuple(f"{letter}@example.org" for letter in "aAbcde")
SIGN_UP = (
    "insert into roster.accounts (email, first_name, last_name, role, archived_at) values "
    "(:email, :first, :last, :role, case when :is_closed then now() end) on conflict (email) do nothing returning id"
)
JOIN = (
    "insert into roster.org_memberships (organization_id, account_id, role, is_admin, ended_at) "
    "select o.id, a.id, a.role, :is_admin, case when :has_left then now() end from roster.organizations as o "
    "cross join roster.accounts as a where o.clever_district_id = :place and a.id = :account on conflict do nothing"
)
IN_ORDER = (
    "select a.id from roster.accounts as a left join roster.identity_links as link "
    "on link.account_id = a.id and link.unlinked_at is null order by link.clever_id nulls first, a.id"
)
"""Every account, by what does not depend on the order in which a sync made them."""
ACTS = {
    "close": ("update roster.accounts set archived_at = now() where id = :account",),
    "move": (
        "update roster.accounts set email = :email where id = :account and not imported_from_clever "
        "and not exists (select from roster.accounts where email = :email)",
    ),
    "promote": (
        "update roster.accounts set role = 'admin' where id = :account",
        "update roster.org_memberships set role = 'admin', is_admin = true "
        "where account_id = :account and ended_at is null",
    ),
    "join": (JOIN,),
    "leave": ("update roster.org_memberships set ended_at = now() where account_id = :account and ended_at is null",),
    "teach": (
        "insert into roster.rosters (organization_id, name) select min(id), 'My own' from roster.organizations "
        "having not exists (select from roster.rosters where source = 'native')",
        "insert into roster.roster_students (roster_id, account_id) select id, :account from roster.rosters "
        "where source = 'native' on conflict do nothing",
    ),
}
UNDER_THE_HOOD = ("close", "promote", "leave")
"""What write protection keeps from others where the account is Clever-managed: the product may have it all the same."""
ROLES = ["student"] * 6 + ["teacher"] * 3

number = st.integers(1, 5)
nth = st.integers(0, 9)
anyone = st.lists(st.integers(0, 5), unique=True, max_size=4)
addresses = st.sampled_from(ADDRESSES)
sign_ups = st.tuples(
    st.just("sign_up"),
    st.sampled_from([*ADDRESSES, *ADDRESSES, None, "no address"]),
    st.sampled_from([*FIRST, *FIRST, None, ""]),
    st.sampled_from([*LAST, *LAST, None, ""]),
    st.sampled_from([*ROLES, "admin"]),
    st.sampled_from([None] * 5 + [(0, "member"), (0, "left"), (0, "admin"), (1, "member"), (2, "admin"), (2, "left")]),
    st.sampled_from([False] * 7 + [True]),
)
acts = st.one_of(
    sign_ups,
    st.tuples(st.just("close"), nth),
    st.tuples(st.just("promote"), nth),
    st.tuples(st.just("join"), nth, st.integers(0, 1), st.booleans()),
    st.tuples(st.sampled_from(["leave", "teach"]), nth),
    st.tuples(st.just("move"), nth, addresses),
)
people = st.tuples(
    st.just("person"),
    number,
    st.sampled_from([*ROLES, "staff"]),
    st.sampled_from([*FIRST, *FIRST, None]),
    st.sampled_from([*LAST, *LAST, None]),
    st.sampled_from([*ADDRESSES, *ADDRESSES, *ADDRESSES, " b@example.org\t", None, "no address"]),
)
edits = st.one_of(
    st.tuples(st.just("swap"), number, number),
    st.tuples(st.just("section"), st.integers(1, 2), st.just(0), st.just(0), anyone, anyone),
    st.tuples(st.just("gone"), number, st.just("u")),
)
happens = (st.lists(acts, max_size=4), st.lists(people, min_size=2, max_size=5), st.lists(edits, max_size=2))
days = st.tuples(st.sampled_from([0, 0, 0, 1]), *happens)
days_here = st.tuples(st.just(0), *happens)
signed_up = st.lists(sign_ups, min_size=3, max_size=6)


def live(product, districts, day):
    """Apply the events of one day. Return the district that is synced at the end of the day."""
    which, done, met, edited = day
    for what in done:
        act(product, districts, what)
    for change in (*met, *edited):
        edit(districts[which], which + 1, change)
    return districts[which]


def act(product, districts, what):
    """Apply one event in the product: a person signs up, or the nth account changes."""
    kind, *rest = what
    if kind == "sign_up":
        _sign_up(product, districts, *rest)
    elif accounts := query(product, IN_ORDER):
        values = {"account": accounts[rest[0] % len(accounts)][0]}
        if kind == "join":
            values |= {"place": districts[rest[1]].id, "is_admin": rest[2], "has_left": False}
        elif kind == "move":
            values["email"] = rest[1]
        for statement in ACTS[kind]:
            execute(product, statement, as_sync=kind in UNDER_THE_HOOD, **values)


def _sign_up(product, districts, email, first, last, role, joined, is_closed):
    values = {"email": email, "first": first, "last": last, "role": role, "is_closed": is_closed}
    account = execute(product, SIGN_UP, **values)
    if account and joined:
        place, state = joined
        values = {"is_admin": state == "admin", "has_left": state == "left", "place": districts[place].id}
        execute(product, JOIN, account=account, **values)


def edit(district, number, change):
    """Apply one edit in Clever to district `number`."""
    kind, index, *rest = change
    users, key = district.resources["users"], clever_id(2, index, number)
    if kind == "person":
        role, first, last, email = rest
        school = clever_id(1, 0, number)
        part = {"school": school, "schools": [school], "sis_id": str(index % 2)}
        name = {"first": first, "last": last}
        district.put("users", {"id": key, "district": district.id, "email": email, "name": name, "roles": {role: part}})
    elif kind == "swap":
        other = clever_id(2, rest[0], number)
        if key in users and other in users:
            one, two = users[key], users[other]
            district.put("users", one | {"email": two.get("email")})
            district.put("users", two | {"email": one.get("email")})
    else:
        apply(district, change, number)
