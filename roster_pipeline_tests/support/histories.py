"""Draw random histories of tiny districts that have no id and no email in common."""

from roster_pipeline_tests.support.changes import apply, draw_examples, tiny
from roster_pipeline_tests.support.rule_book import Expected, expect


class History:
    """A tiny district, the changes of its days, and what the product must hold of it."""

    def __init__(self, number, days):
        self.number = number
        self.days = list(days)
        self.domain = f"d{number}"
        self.district = tiny(number, domain=self.domain)
        self.expected = None

    def live(self):
        """Apply the changes of the next day, if there is one."""
        for change in self.days.pop(0) if self.days else ():
            apply(self.district, change, self.number, domain=self.domain)

    def expect(self):
        """Return what the product must hold after a sync."""
        self.expected = expect(self.district, self.expected)
        return self.expected


def draw_histories(days, count):
    return [History(number, example) for number, example in enumerate(draw_examples(days, count), 1)]


def districts_of(histories):
    return [history.district for history in histories]


def expect_all(histories):
    """Return what the product must hold of all districts together."""
    each = [history.expect() for history in histories]
    return Expected(**{name: _union(getattr(one, name) for one in each) for name in vars(each[0])})


def _union(tables):
    first, *others = tables
    union = type(first)(first)
    for table in others:
        union.update(table)
    return union
