"""A part of a town for one test of several that share the syncs of the town."""

from roster_pipeline_tests.support.readers import LIVE_ROWS, published, query
from roster_pipeline_tests.support.rule_book import Expected
from roster_pipeline_tests.support.seen import flagged
from roster_pipeline_tests.support.town import OTHERS

SIZE = 0x1000
"""Three of the hexadecimal digits of a Clever id, so that the five before them name the part."""
DIGITS = slice(16, 21)
SHARED_SCHOOLS = (0, 1)
ACCOUNTS = (
    "(select account_id from roster.identity_links where substr(clever_id, 17, 5) = :part "
    "union select id from roster.accounts where email like '%.' || :part || '@example.org')"
)
"""Accounts that were ever linked to a person of the part, or have an email of the part."""
ROSTERS = "(select id from roster.rosters where substr(clever_id, 17, 5) = :part)"
SCHOOLS = "(select id from roster.schools where substr(clever_id, 17, 5) = :part)"
CHANGES = f"""
    select entity, op, count(*) from roster.changes
    where sync_id = :sync and (
        (key ->> 'account_id')::bigint in {ACCOUNTS} or (key ->> 'roster_id')::bigint in {ROSTERS}
        or (entity = 'accounts' and (key ->> 'id')::bigint in {ACCOUNTS}) or substr(key ->> 'clever_id', 17, 5) = :part
    )
    group by entity, op
"""
ROWS = {
    "accounts": f"t.id in {ACCOUNTS}",
    "identity_links": f"t.account_id in {ACCOUNTS}",
    "org_memberships": f"t.account_id in {ACCOUNTS}",
    "school_memberships": f"t.account_id in {ACCOUNTS}",
    "schools": f"t.id in {SCHOOLS}",
    "terms": "substr(t.clever_id, 17, 5) = :part",
    "courses": "substr(t.clever_id, 17, 5) = :part",
    "rosters": f"t.id in {ROSTERS}",
    "roster_teachers": f"t.roster_id in {ROSTERS}",
    "roster_students": f"t.roster_id in {ROSTERS}",
    "pending_members": f"t.roster_id in {ROSTERS}",
    "reviews": "substr(t.clever_id, 17, 5) = :part",
}


class TownPart:
    """A town with numbers of its own. The first two schools and the people from 100 on are those of the whole town."""

    def __init__(self, town, index, product):
        self._town, self._first, self._product = town, index * SIZE, product
        self.part = f"{index:05x}"
        self.plan = None

    def __getattr__(self, name):
        return getattr(self._town, name)

    def school(self, number, **fields):
        return self._town.school(number if number in SHARED_SCHOOLS else self._first + number, **fields)

    def section(self, number, **fields):
        return self._town.section(self._first + number, **fields)

    def teacher(self, number, *names, **fields):
        return self._town.teacher(self._own(number), *names, **fields)

    def student(self, number, *names, **fields):
        return self._town.student(self._own(number), *names, **fields)

    def staff(self, number, *names, **fields):
        return self._town.staff(self._own(number), *names, **fields)

    def contact(self, number, *names, **fields):
        return self._town.contact(self._own(number), *names, **fields)

    def role(self, number, school=0):
        return self._town.role(self._own(number), school)

    def address(self, name):
        """Return an email of this part alone."""
        return f"{name}.{self.part}@example.org"

    def unknown(self, number):
        """Return a Clever id of this part that no object has."""
        return f"{'f' * 16}{self.part}{number:03x}"

    def published(self):
        """Return the live rows that have a Clever id of this part."""
        rows = vars(published(self._product, self._town.id))
        return Expected(**{name: self._own_rows(table) for name, table in rows.items()})

    def flagged(self, check):
        """Return the Clever ids of this part that a check named in the last sync."""
        return {key for key in flagged(self._town, check) if self._is_own(key)}

    def counts(self):
        """Return the numbers of rows that the last sync wrote of this part, in the form of `plan.counts`."""
        counts = {}
        for entity, op, count in query(self._product, CHANGES, sync=self.plan.sync_id, part=self.part):
            counts.setdefault(entity, {})[op] = count
        return counts

    def rows(self, *, without=()):
        """Return every row of this part with the number of the transaction that wrote it."""
        return self._read("t.xmin::text, to_jsonb(t)::text", without)

    def contents(self):
        """Return every row of this part, without the number of the transaction."""
        return self._read("to_jsonb(t)::text", ())

    def live_rows(self):
        """Return the content of the rows of this part that have not ended."""
        return {
            name: sorted(query(self._product, self._select(name, columns, live), part=self.part), key=repr)
            for name, (columns, live) in LIVE_ROWS.items()
        }

    def _select(self, name, columns, which="true"):
        return f"select {columns} from roster.{name} as t where {ROWS[name]} and {which}"

    def _read(self, columns, without):
        return {
            name: sorted(query(self._product, self._select(name, columns), part=self.part))
            for name in ROWS
            if name not in without
        }

    def _own(self, number):
        return number if number in OTHERS else self._first + number

    def _own_rows(self, table):
        if isinstance(table, dict):
            return {key: row for key, row in table.items() if self._is_own(key)}
        return {row for row in table if self._is_own(row)}

    def _is_own(self, row):
        """Return whether a Clever id, or one of those in a row, is of this part."""
        values = (row,) if isinstance(row, str) else row
        return any(isinstance(value, str) and value[DIGITS] == self.part for value in values)
