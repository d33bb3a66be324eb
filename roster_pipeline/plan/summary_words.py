"""The words that describe a plan: a verb for each kind of change, and a noun for each kind of record."""

from __future__ import annotations

from roster_pipeline.messages import Plural, product

Verb = tuple[str | Plural, str | Plural]
"""A phrase in the past tense and in the infinitive. Each has a plural if the number of items changes the phrase."""

CHANGES: dict[str, Verb] = {
    "new": (product.mark("added {items}"), product.mark("add {items}")),
    "added to a school": (
        product.plural("added {items} to a school", "added {items} to schools"),
        product.plural("add {items} to a school", "add {items} to schools"),
    ),
    "added to a class": (
        product.plural("added {items} to a class", "added {items} to classes"),
        product.plural("add {items} to a class", "add {items} to classes"),
    ),
    "returned": (product.mark("re-added {items}"), product.mark("re-add {items}")),
    "linked to an account that was there": (
        product.plural("matched {items} to an existing account", "matched {items} to existing accounts"),
        product.plural("match {items} to an existing account", "match {items} to existing accounts"),
    ),
    "renamed": (product.mark("renamed {items}"), product.mark("rename {items}")),
    "moved to another school": (
        product.plural("moved {items} to another school", "moved {items} to other schools"),
        product.plural("move {items} to another school", "move {items} to other schools"),
    ),
    "changed": (product.mark("changed {items}"), product.mark("change {items}")),
    "otherwise changed": (
        product.mark("changed other details of {items}"),
        product.mark("change other details of {items}"),
    ),
    "in another role": (
        product.plural("changed the role of {items}", "changed the roles of {items}"),
        product.plural("change the role of {items}", "change the roles of {items}"),
    ),
    "with another main school": (
        product.plural("changed the main school of {items}", "changed the main schools of {items}"),
        product.plural("change the main school of {items}", "change the main schools of {items}"),
    ),
    "with another main teacher": (
        product.plural("changed the main teacher of {items}", "changed the main teachers of {items}"),
        product.plural("change the main teacher of {items}", "change the main teachers of {items}"),
    ),
    "left": (
        product.mark("removed {items} no longer shared by Clever"),
        product.mark("remove {items} no longer shared by Clever"),
    ),
    "removed": (product.mark("removed {items}"), product.mark("remove {items}")),
    "taken out of a school": (
        product.plural("removed {items} from a school", "removed {items} from schools"),
        product.plural("remove {items} from a school", "remove {items} from schools"),
    ),
    "taken out of a class": (
        product.plural("removed {items} from a class", "removed {items} from classes"),
        product.plural("remove {items} from a class", "remove {items} from classes"),
    ),
    "archived": (product.mark("archived {items}"), product.mark("archive {items}")),
    "awaited": (
        product.mark("listed {items} as waiting for Clever"),
        product.mark("list {items} as waiting for Clever"),
    ),
    "no longer awaited": (product.mark("stopped waiting for {items}"), product.mark("stop waiting for {items}")),
    "opened": (product.mark("opened {items}"), product.mark("open {items}")),
    "closed": (product.mark("closed {items}"), product.mark("close {items}")),
}
"""The verb of each change of `ChangeSummary`, in the order of the summary."""
NOTHING_REMOVED = (product.mark("removed nothing"), product.mark("remove nothing"))
KIND_OF_CHANGE = {"joined": "new", "back": "returned"}
"""Changes that are described with the verb of another change."""
KIND_OF_CHANGE_HERE: dict[tuple[str | None, str], str] = {
    ("class", "added to a class"): "new",
    ("class", "taken out of a class"): "removed",
    ("school", "added to a school"): "new",
    ("school", "taken out of a school"): "removed",
}
"""Changes that have another verb in the summary for one class or school, because it does not repeat the place."""

ITEMS: dict[str, Plural] = {
    "student": product.plural("{n:,} student", "{n:,} students"),
    "teacher": product.plural("{n:,} teacher", "{n:,} teachers"),
    "admin": product.plural("{n:,} admin", "{n:,} admins"),
    "person": product.plural("{n:,} person", "{n:,} people"),
    "student name": product.plural("{n:,} student name", "{n:,} student names"),
    "student email": product.plural("{n:,} student email", "{n:,} student emails"),
    "teacher name": product.plural("{n:,} teacher name", "{n:,} teacher names"),
    "teacher email": product.plural("{n:,} teacher email", "{n:,} teacher emails"),
    "admin name": product.plural("{n:,} admin name", "{n:,} admin names"),
    "admin email": product.plural("{n:,} admin email", "{n:,} admin emails"),
    "person name": product.plural("{n:,} person's name", "{n:,} people's names"),
    "person email": product.plural("{n:,} person's email", "{n:,} people's emails"),
    "class": product.plural("{n:,} class", "{n:,} classes"),
    "school": product.plural("{n:,} school", "{n:,} schools"),
    "term": product.plural("{n:,} term", "{n:,} terms"),
    "course": product.plural("{n:,} course", "{n:,} courses"),
    "review": product.plural("{n:,} review", "{n:,} reviews"),
}
"""The words for each noun of `ChangeSummary`, in the order of the summary."""
PLACES = {"school": "school", "section": "class"}
"""The noun for each subject of a scope."""
ITSELF = {"school": product.mark("the school"), "class": product.mark("the class")}

OTHER_CHANGES = product.plural("{n:,} other change", "{n:,} other changes")
HELD_PARTS: dict[str, Plural] = {
    "students": ITEMS["student"],
    "teachers": ITEMS["teacher"],
    "people": ITEMS["person"],
    "schools": ITEMS["school"],
    "rosters": ITEMS["class"],
    "enrollments": product.plural("{n:,} student in a class", "{n:,} students in classes"),
    "class_teachers": product.plural("{n:,} teacher of a class", "{n:,} teachers of classes"),
    "students_in_schools": product.plural("{n:,} student in a school", "{n:,} students in schools"),
    "teachers_in_schools": product.plural("{n:,} teacher in a school", "{n:,} teachers in schools"),
    "names_and_emails": product.plural("{n:,} name or email", "{n:,} names or emails"),
}
"""The words that count the held changes of each part."""
PART_NAMES = {
    "students": product.mark("students"),
    "teachers": product.mark("teachers"),
    "people": product.mark("people"),
    "schools": product.mark("schools"),
    "rosters": product.mark("classes"),
    "enrollments": product.mark("students in classes"),
    "class_teachers": product.mark("teachers of classes"),
    "students_in_schools": product.mark("students in schools"),
    "teachers_in_schools": product.mark("teachers in schools"),
    "names_and_emails": product.mark("names and emails"),
}
"""The name of each part, for the description of a threshold."""
