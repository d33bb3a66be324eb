"""Build a Clever district that a test edits by number. Fields that a test leaves out are valid and distinct."""

from roster_pipeline.sandbox.api.collection import Collection
from roster_pipeline.sandbox.data.district import SandboxDistrict

KINDS = ("district", "school", "term", "course", "section", "teacher", "student", "staff", "contact")
OTHERS = range(100, 120)
"""Twenty teachers and twenty students beside those of the test, so that one who leaves is less than a tenth."""


def clever_id(town, kind, number):
    """Return 24 hexadecimal digits that ascend by kind and then by number."""
    return f"{town:08x}{KINDS.index(kind):08x}{number:08x}"


class Town(SandboxDistrict):
    """Two schools, four classes and everybody in them; people and classes below 100 are the test's own.

    `school`, `section` and the roles make one, or make one anew, and give its Clever id.
    """

    def __init__(self, number=1):
        self.number = number
        key = clever_id(number, "district", 0)
        super().__init__({"id": key, "name": f"Town {number}", "state": "running"}, {}, seed=number)
        for name in ("term", "course"):
            self._put(f"{name}s", name, 0, {"name": f"Any {name}"})
        for school in (0, 1):
            self.school(school)
        for other in OTHERS:
            self.teacher(other)
            self.student(other)
        for start in range(4):
            theirs = OTHERS[start::4]
            teachers = [clever_id(number, "teacher", one) for one in theirs]
            students = [clever_id(number, "student", one) for one in theirs]
            self.section(100 + start, teachers=teachers, students=students)

    def school(self, number, **fields):
        return self._put("schools", "school", number, {"name": f"School {number}", **fields})

    def teacher(self, number, first=None, last=None, **fields):
        return self._person("teacher", number, first, last, fields)

    def student(self, number, first=None, last=None, **fields):
        return self._person("student", number, first, last, fields)

    def staff(self, number, first=None, last=None, **fields):
        return self._person("staff", number, first, last, fields)

    def contact(self, number, first=None, last=None, **fields):
        return self._person("contact", number, first, last, fields)

    def section(self, number, *, teachers=(), students=(), **fields):
        """Return a class of the first school. Its first teacher is the primary one."""
        plain = {"name": f"Class {number}", "school": clever_id(self.number, "school", 0)}
        people = {"teacher": next(iter(teachers), None), "teachers": list(teachers), "students": list(students)}
        return self._put("sections", "section", number, {**plain, **people, **fields})

    def person(self, key):
        return self.get("users", key)

    def edit(self, resource, key, **fields):
        """Replace some fields of an object."""
        self.put(resource, self.get(resource, key) | fields)

    def leave(self, *keys):
        """Remove people from the users list. The sections still name them unless the test replaces these."""
        for key in keys:
            self.remove("users", key)

    def role(self, number, school=0):
        """Return the data of a role: one school of the town, and a number in the district's own system."""
        home = clever_id(self.number, "school", school)
        return {"school": home, "schools": [home], "sis_id": f"S-{number}"}

    def _person(self, role, number, first, last, fields):
        name = {"first": first or f"First{number}", "last": last or f"{role.capitalize()}{number}"}
        plain = {"email": f"{role}{number}@town{self.number}.example.org", "name": name}
        return self._put("users", role, number, {**plain, "roles": {role: self.role(number)}, **fields})

    def _put(self, resource, kind, number, fields):
        key = clever_id(self.number, kind, number)
        self.put(resource, {"id": key, "district": self.id, **fields})
        return key


class ReadTwice(Collection):
    """A list whose pages overlap. `copies` follow the objects with the same ids, each with its own content."""

    def __init__(self, objects, copies):
        super().__init__(objects)
        self._objects |= {f"{copy['id']}-again": copy for copy in copies}
        self._ids = sorted(self._objects)
