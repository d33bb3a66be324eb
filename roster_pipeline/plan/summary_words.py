"""The words that describe a plan: a verb for each kind of change, and a noun for each kind of record."""

from __future__ import annotations

from roster_pipeline.messages import Plural, operator

Verb = tuple[str | Plural, str | Plural]
"""A phrase in the past tense and in the infinitive. Each has a plural if the number of items changes the phrase."""

CHANGES: dict[str, Verb] = {
    "new": (operator.mark("added {items}"), operator.mark("add {items}")),
    "added to a school": (
        operator.plural("added {items} to a school", "added {items} to schools"),
        operator.plural("add {items} to a school", "add {items} to schools"),
    ),
    "added to a class": (
        operator.plural("added {items} to a class", "added {items} to classes"),
        operator.plural("add {items} to a class", "add {items} to classes"),
    ),
    "returned": (operator.mark("re-added {items}"), operator.mark("re-add {items}")),
    "linked to an account that was there": (
        operator.plural("matched {items} to an existing account", "matched {items} to existing accounts"),
        operator.plural("match {items} to an existing account", "match {items} to existing accounts"),
    ),
    "renamed": (operator.mark("renamed {items}"), operator.mark("rename {items}")),
    "moved to another school": (
        operator.plural("moved {items} to another school", "moved {items} to other schools"),
        operator.plural("move {items} to another school", "move {items} to other schools"),
    ),
    "changed": (operator.mark("changed {items}"), operator.mark("change {items}")),
    "otherwise changed": (
        operator.mark("changed other details of {items}"),
        operator.mark("change other details of {items}"),
    ),
    "in another role": (
        operator.plural("changed the role of {items}", "changed the roles of {items}"),
        operator.plural("change the role of {items}", "change the roles of {items}"),
    ),
    "with another main school": (
        operator.plural("changed the main school of {items}", "changed the main schools of {items}"),
        operator.plural("change the main school of {items}", "change the main schools of {items}"),
    ),
    "with another main teacher": (
        operator.plural("changed the main teacher of {items}", "changed the main teachers of {items}"),
        operator.plural("change the main teacher of {items}", "change the main teachers of {items}"),
    ),
    "left": (
        operator.mark("removed {items} no longer shared by Clever"),
        operator.mark("remove {items} no longer shared by Clever"),
    ),
    "removed": (operator.mark("removed {items}"), operator.mark("remove {items}")),
    "taken out of a school": (
        operator.plural("removed {items} from a school", "removed {items} from schools"),
        operator.plural("remove {items} from a school", "remove {items} from schools"),
    ),
    "taken out of a class": (
        operator.plural("removed {items} from a class", "removed {items} from classes"),
        operator.plural("remove {items} from a class", "remove {items} from classes"),
    ),
    "archived": (operator.mark("archived {items}"), operator.mark("archive {items}")),
    "awaited": (
        operator.mark("listed {items} as waiting for Clever"),
        operator.mark("list {items} as waiting for Clever"),
    ),
    "no longer awaited": (operator.mark("stopped waiting for {items}"), operator.mark("stop waiting for {items}")),
    "opened": (operator.mark("opened {items}"), operator.mark("open {items}")),
    "closed": (operator.mark("closed {items}"), operator.mark("close {items}")),
}
"""The verb of each change of `ChangeSummary`, in the order of the summary."""
NOTHING_REMOVED = (operator.mark("removed nothing"), operator.mark("remove nothing"))
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
    "student": operator.plural("{n:,} student", "{n:,} students"),
    "teacher": operator.plural("{n:,} teacher", "{n:,} teachers"),
    "admin": operator.plural("{n:,} admin", "{n:,} admins"),
    "person": operator.plural("{n:,} person", "{n:,} people"),
    "student name": operator.plural("{n:,} student name", "{n:,} student names"),
    "student email": operator.plural("{n:,} student email", "{n:,} student emails"),
    "teacher name": operator.plural("{n:,} teacher name", "{n:,} teacher names"),
    "teacher email": operator.plural("{n:,} teacher email", "{n:,} teacher emails"),
    "admin name": operator.plural("{n:,} admin name", "{n:,} admin names"),
    "admin email": operator.plural("{n:,} admin email", "{n:,} admin emails"),
    "person name": operator.plural("{n:,} person's name", "{n:,} people's names"),
    "person email": operator.plural("{n:,} person's email", "{n:,} people's emails"),
    "class": operator.plural("{n:,} class", "{n:,} classes"),
    "school": operator.plural("{n:,} school", "{n:,} schools"),
    "review": operator.plural("{n:,} review", "{n:,} reviews"),
}
"""The words for each noun of `ChangeSummary`, in the order of the summary."""
PLACES = {"school": "school", "section": "class"}
"""The noun for each subject of a scope."""
ITSELF = {"school": operator.mark("the school"), "class": operator.mark("the class")}

OTHER_CHANGES = operator.plural("{n:,} other change", "{n:,} other changes")
HELD_PARTS: dict[str, Plural] = {
    "students": ITEMS["student"],
    "teachers": ITEMS["teacher"],
    "people": ITEMS["person"],
    "schools": ITEMS["school"],
    "rosters": ITEMS["class"],
    "enrollments": operator.plural("{n:,} student in a class", "{n:,} students in classes"),
    "class_teachers": operator.plural("{n:,} teacher of a class", "{n:,} teachers of classes"),
    "students_in_schools": operator.plural("{n:,} student in a school", "{n:,} students in schools"),
    "teachers_in_schools": operator.plural("{n:,} teacher in a school", "{n:,} teachers in schools"),
    "names_and_emails": operator.plural("{n:,} name or email", "{n:,} names or emails"),
}
"""The words that count the held changes of each part."""
PART_NAMES = {
    "students": operator.mark("students"),
    "teachers": operator.mark("teachers"),
    "people": operator.mark("people"),
    "schools": operator.mark("schools"),
    "rosters": operator.mark("classes"),
    "enrollments": operator.mark("students in classes"),
    "class_teachers": operator.mark("teachers of classes"),
    "students_in_schools": operator.mark("students in schools"),
    "teachers_in_schools": operator.mark("teachers in schools"),
    "names_and_emails": operator.mark("names and emails"),
}
"""The name of each part, for the description of a threshold."""
