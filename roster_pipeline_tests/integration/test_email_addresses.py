"""Odd emails are accepted byte for byte or flagged, by the macro `is_valid_email`."""

import json
import unicodedata

import pytest

from roster_pipeline.corrections.email_holder import is_usable_email
from roster_pipeline.land import open_warehouse
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.settings import read_settings
from roster_pipeline.validate.sql_tests import load_sql_tests
from roster_pipeline_tests.support.changes import clever_id
from roster_pipeline_tests.support.readers import execute, published, query

LOCAL_64, DOMAIN_250 = "a" * 64, ".".join(["b" * 61] * 4) + ".or"
REFUSED_THOUGH_VALID = (
    *('"joe bloggs"@example.com', '"joe..bloggs"@example.com', '"joe@bloggs"@example.com'),
    *('"\u03b4\u03bf\u03ba\u03b9\u03bc\u03ae"@example.com', "joe.bloggs@[127.0.0.1]", "joe.bloggs@[IPv6:::1]"),
    "\x85@example.com",
)
"""The RFCs know quoted local parts, address literals and control characters; nobody's mailbox at school has them."""
ACCEPTED = (
    *("joe.bloggs@example.com", "te~st@example.com", "~test@example.com", "test~@example.com", "te.s.t@example.com"),
    *("\uc2e4\ub840@\uc2e4\ub840.\ud14c\uc2a4\ud2b8", "\u03b4\u03bf\u03ba\u03b9\u03bc\u03ae@example.com"),
    *("user@cafe\u0301.com", "cafe\u0301@example.com", "\U0001d54f@example.com", "\uffff@example.com"),
    *(f"{LOCAL_64}@example.com", "\u00e9" * 64 + "@example.com", f"abc@{DOMAIN_250}"),
    *("o'hara@example.org", "ida+maths@example.org", "ida@example.org", "IDA@example.org", "Ida@Example.ORG"),
    *("!#$%&'*+-/=?^_`{|}~@example.org", "1@example.org", "i_d-a@s1.example.org", "ida@1.2.3.4", "ida@a.b"),
    *("\U0001f600@example.org", "ida@xn--caf-dma.com", "ida@caf\u00e9.com", "id\u0430@example.org"),
    *("\u0130@example.org", "i\u0307@example.org", "\u212b@example.org", "\u00c5@example.org", "stra\u00dfe@a.org"),
    *("strasse@a.org", "null@a.org", "'@example.org", "ida@a--b.org", "%s@example.org", f"ida@{'b' * 64}.org"),
)
FLAGGED = (
    *REFUSED_THOUGH_VALID,
    *("2962", "@example.com", "joe.bloggs@", ".test@example.com", "test.@example.com", "te..st@example.com", "@"),
    *("joe.bloggs@invalid=domain.com", "joe.bloggs@[127.0.0.300]", "joe bloggs@example.com", "user\uff20example.com"),
    *("user1@oceania.org, user2@oceania.org", "user1@oceania.org;user2@oceania.org", "Ida <ida@example.org>"),
    '"Winston Smith" <winston.smith@recdep.minitrue> (Records Department)',
    *(f"a{LOCAL_64}@example.com", f"abcd@{DOMAIN_250}", "ida(home)@example.org", "mailto:ida@example.org", "N/A"),
    *("ida@localhost", "ida@example.org.", "ida@.example.org", "ida@example..org", "ida@-a.org", "ida@a-.org"),
    *("ida@a_b.org", "ida@\U0001f600.org", "ida@home@example.org", "ida@@example.org", "ida@exam ple.org", "i\\@a.org"),
    *("\u00a0ida@example.org", "ida@example.org\u00a0", "\u200bida@example.org", "ida@example.org\ufeff", "\v@a.org"),
    *("i\u00adda@example.org", "i\u202eda@example.org", "i\u200dda@example.org", "i\u2028da@example.org", "i\td@a.org"),
    *("ida@example.org\nbcc:eve@example.org", "i\ufffdda@example.org", "ida@\u3000example.org", "\ue000@example.org"),
)
INVISIBLE = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs")
VALIDITY = "invalid_emails"


def is_address(email):
    """The rule once more: one @, nothing blank or invisible, no bracket, a dotted domain, RFC 5321 lengths."""
    local, _, domain = email.partition("@")
    labels = domain.split(".")
    readable = all(unicodedata.category(one) not in INVISIBLE and one not in '",:;<>()[]\\\ufffd' for one in local)
    short = len(local) <= 64 and len(email) <= 254
    return readable and short and all(local.split(".")) and len(labels) > 1 and all(map(is_label, labels))


def is_label(label):
    """Letters, marks, digits, and hyphens between them."""
    return label.strip("-") == label != "" and all(one == "-" or unicodedata.category(one)[0] in "LMN" for one in label)


def look_alikes(email):
    """What folding would take for the same address."""
    forms = {unicodedata.normalize(form, email) for form in ("NFC", "NFD", "NFKC")}
    return forms | {email.upper(), email.lower(), email.casefold(), email.replace("+maths", "")}


def one_class(emails):
    """A district of one class, with a student for each address."""
    school, section = clever_id(1, 0, 1), clever_id(3, 0, 1)
    roles = {"student": {"school": school, "schools": [school]}}
    users = [{"id": clever_id(2, n, 1), "email": email, "roles": roles} for n, email in enumerate(emails)]
    students = [user["id"] for user in users]
    objects = {
        "schools": [{"id": school, "name": "School"}],
        "users": users,
        "sections": [{"id": section, "name": "Class", "school": school, "students": students}],
    }
    return SandboxDistrict({"id": clever_id(0, 0, 1), "name": "Addresses", "state": "running"}, objects)


def test_the_verdicts_are_those_of_the_stated_rule():
    assert len({*ACCEPTED, *FLAGGED}) == len(ACCEPTED) + len(FLAGGED)
    assert [email for email in (*ACCEPTED, *FLAGGED) if is_address(email)] == list(ACCEPTED)


def test_every_email_of_the_suites_is_judged_as_listed(shared):
    tests = [
        test
        for path in (shared / "data" / "email").glob("*.json")
        for group in json.loads(path.read_text(encoding="utf-8"))
        for test in group["tests"]
        if isinstance(test["data"], str)
    ]
    assert tests
    assert {test["data"] for test in tests} <= {*ACCEPTED, *FLAGGED}
    assert {test["data"] for test in tests if test["valid"] != is_address(test["data"])} == {*REFUSED_THOUGH_VALID}


@pytest.mark.scenario("H-15")
def test_odd_addresses_are_linked_exactly_or_flagged(connect, quick_sync, product):
    emails = (*ACCEPTED, *FLAGGED)
    alike = set().union(*map(look_alikes, emails)) - {*emails}
    everyone = "insert into roster.accounts (email, role) select unnest(cast(:emails as text[])), 'student'"
    execute(product, everyone, emails=[*emails, *alike])
    district = connect(one_class(emails))
    quick_sync(district)
    found = published(product, district.id)
    ids = district.resources["users"].ids()
    kept = [(email, email) for email in ACCEPTED] + [(None, email) for email in FLAGGED]
    assert [found.people[key][3:5] for key in ids] == kept
    assert {person for _, person in found.students} == {*ids}
    rules = dict(query(product, "select clever_id, rule from roster.identity_links"))
    assert [rules[key] for key in ids] == ["email"] * len(ACCEPTED) + ["created"] * len(FLAGGED)
    untouched = query(product, "select email from roster.accounts where not imported_from_clever")
    assert {email for (email,) in untouched} == {*FLAGGED, *alike}
    with open_warehouse(read_settings().districts_folder, district.id) as con:
        (reported,) = (con.execute(test.sql).fetchall() for test in load_sql_tests() if test.name == VALIDITY)
    assert {key for (key,) in reported} == {*ids[len(ACCEPTED) :]}
    assert quick_sync(district).total == 0


def test_a_login_has_the_rule_of_a_sync():
    flagged = ("te..st@example.com", ".test@example.com", "ida@-a.org", f"a{LOCAL_64}@example.com", "", None)
    accepted = (f"{LOCAL_64}@example.com", "user@cafe\u0301.com")

    assert [email for email in (*flagged, *accepted) if is_usable_email(email)] == [*accepted]
