"""The rule book once more, in plain Python over raw Clever objects: what the product shall hold after a sync.

Written from the rules and not from the SQL, so that the two can disagree. It knows a product that only Clever fills:
accounts that others made are `test_existing_accounts`'s.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Expected:
    """What a product holds, in Clever terms: live rows only, but every account, school and review there ever was."""

    people: dict = field(default_factory=dict)  # clever_id: (role, first, last, email, clever_email, imported)
    members: dict = field(default_factory=dict)  # clever_id: role
    schools: dict = field(default_factory=dict)  # school: (name, sis_id, nces_id, low_grade, high_grade)
    school_members: dict = field(default_factory=dict)  # (school, clever_id): (role, is_primary)
    rosters: dict = field(default_factory=dict)  # section: (school, name, subject, grade, period, term)
    teachers: dict = field(default_factory=dict)  # (section, clever_id): is_primary
    students: set = field(default_factory=set)  # (section, clever_id)
    parked: set = field(default_factory=set)  # (section, clever_id, role)
    reviews: set = field(default_factory=set)  # (clever_id, reason)
    known_schools: set = field(default_factory=set)  # every school that was ever shared


def expect(district, before=None):
    """What the product shall hold after a sync of `district`, if it held `before`."""
    before = before or Expected()
    lists = {name: list(items.values()) for name, items in district.resources.items()}
    feed = {user["id"]: person for user in lists["users"] if (person := _person(user))}
    recycled = {key for key, person in feed.items() if _is_recycled(before.people.get(key), person)}
    addresses, reviews = _addresses(before.people, feed, recycled)
    shared = {school["id"] for school in lists["schools"]}
    after = Expected(
        people=before.people
        | {
            key: (role, first, last, addresses[key], clever_email, True)
            for key, (role, first, last, clever_email, _, _) in feed.items()
            if key not in recycled
        },
        members={key: person[0] for key, person in feed.items()},
        schools={
            one["id"]: (one.get("name") or "", *(one.get(name) or None for name in SCHOOL_FIELDS))
            for one in lists["schools"]
        },
        school_members={
            (school, key): (role, school == primary)
            for key, (role, *_, primary, schools) in feed.items()
            for school in schools & shared
        },
        reviews=reviews | {one for one in before.reviews if _stands(one, before, feed, addresses, recycled)},
        known_schools=before.known_schools | shared,
    )
    terms = {term["id"]: term.get("name") or None for term in lists["terms"]}
    for section in lists["sections"]:
        _add_roster(after, before, section, terms, feed.keys(), recycled)
    return after


def _stands(review, before, feed, addresses, recycled):
    """Somebody is still asked for: nobody has decided, and what was said of the person is still so."""
    key, reason = review
    if key not in feed:
        return True
    if reason == "recycled_id":
        return key in recycled
    email = feed[key][3]
    return addresses[key] != email and before.people[key][4] == email


SCHOOL_FIELDS = ("sis_id", "nces_id", "low_grade", "high_grade")


def _person(user):
    """(role, first, last, email, primary school, all schools); None for those who get no account."""
    for role in ("teacher", "student"):
        if part := user["roles"].get(role):
            name = user.get("name") or {}
            primary = part.get("school") or None
            schools = _schools(user["roles"].get("teacher")) | _schools(user["roles"].get("student"))
            email = (user.get("email") or "").strip(" \t\r\n") or None
            return role, name.get("first"), name.get("last"), email, primary, schools
    return None


def _schools(part):
    """Every school that one role names."""
    part = part or {}
    return {school for school in (*(part.get("schools") or ()), part.get("school")) if school}


def is_address(email):
    local, at, domain = (email or "").partition("@")
    labels = domain.split(".")
    odd = set(' \t\r\n@,;:<>()[]"\\')
    return bool(local and at and len(labels) > 1 and all(labels)) and not odd & set(local + domain)


def _is_recycled(account, person):
    """First name, last name and email of a linked person all change at once."""
    if account is None:
        return False
    pairs = list(zip(account[1:3], person[1:3], strict=True))
    if any(name is None for pair in pairs for name in pair):
        return False
    return all(_folded(was) != _folded(now) for was, now in pairs) and account[4] != person[3]


def _folded(name):
    letters = unicodedata.normalize("NFD", name.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _addresses(accounts, feed, recycled):
    """The address of each person's account after the sync, and the contradictions about addresses."""
    carriers = Counter(person[3] for person in feed.values())
    own = {key: account[3] for key, account in accounts.items()}
    after, asks = {}, {}

    def said(reason, key):
        """A contradiction is opened when the address comes, and not again while it stays."""
        return {(key, reason)} if key not in accounts or accounts[key][4] != feed[key][3] else set()

    reviews = {(key, "recycled_id") for key in recycled}
    for key, (_, _, _, email, *_) in feed.items():
        if key in recycled or (email and own.get(key) == email):
            after[key] = own[key]
        elif email is None:
            after[key] = None
        elif not is_address(email):
            after[key] = own.get(key)
        elif carriers[email] > 1:
            after[key] = own.get(key)
            reviews |= said("email_shared", key)
        else:
            asks[key] = email
    kept = {email for key, email in (own | after).items() if email and key not in asks}
    while refused := {key for key, email in asks.items() if email in kept}:
        # Who does not get the new address keeps the old one, and may stand in the way of the next.
        for key in refused:
            after[key] = own.get(key)
            reviews |= said("already_linked", key)
            del asks[key]
        kept |= {after[key] for key in refused if after[key]}
    return after | asks, reviews


def _term_name(term, terms, roster_before):
    """A term that the feed does not hold keeps the name that the roster had."""
    if term in terms:
        return terms[term]
    return roster_before[-1] if term and roster_before else None


def _add_roster(after, before, section, terms, known, recycled):
    key = section["id"]
    school = section.get("school")
    after.rosters[key] = (
        school if school in after.known_schools else None,
        section.get("name") or "",
        *(section.get(name) or None for name in ("subject", "grade", "period")),
        _term_name(section.get("term_id"), terms, before.rosters.get(key)),
    )
    listed = section.get("teachers") or []
    primary = section.get("teacher") or next(iter(listed), None)
    for role, people in (("teacher", {*listed, section.get("teacher")}), ("student", section.get("students") or ())):
        was_in = before.teachers if role == "teacher" else before.students
        for person in {one for one in people if one}:
            if person not in known or (person in recycled and (key, person) not in was_in):
                after.parked.add((key, person, role))
            elif role == "teacher":
                after.teachers[key, person] = person == primary
            else:
                after.students.add((key, person))
