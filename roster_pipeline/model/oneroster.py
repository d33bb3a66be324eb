"""The CSV files of OneRoster 1.1 and 1.2: their columns, and the rules that a file must keep.

The order of the columns is that of the CSV binding of each version. `MADE` is a column of this product. It stands after
the others, as the binding allows for a name that begins with `metadata.`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Version = Literal["1.1", "1.2"]
VERSIONS: tuple[Version, ...] = get_args(Version)
MADE = "metadata.made"
"""The columns of a row that Clever does not have, or `row` if it has no such row."""
MADE_ROW = "row"
NO_NAME = "-"
"""What stands in a required name that Clever does not have."""
MANIFEST = "manifest"
MANIFEST_COLUMNS = ("propertyName", "value")


@dataclass(frozen=True)
class CsvFile:
    """The rules of one CSV file.

    Attributes:
        columns: the columns in their order.
        required: the columns that have a value in every row.
        values: the allowed values of a column.
        references: the file whose ids a column holds. A list of ids is divided by commas.
        unique: columns whose values together occur once. The id of a row is always unique.
    """

    columns: tuple[str, ...]
    required: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    unique: tuple[str, ...] = ()


BOOLEANS = ("true", "false")
EVERY_ROW = ("sourcedId", "status", "dateLastModified")
ROLES: Mapping[Version, tuple[str, ...]] = {
    "1.1": ("administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher"),
    "1.2": (
        *("aide", "counselor", "districtAdministrator", "guardian", "parent", "principal", "proctor", "relative"),
        *("siteAdministrator", "student", "systemAdministrator", "teacher"),
    ),
}
CONTACTS = ("email", "sms", "phone", "agentSourcedIds", "grades", "password")
USERS: Mapping[Version, CsvFile] = {
    "1.1": CsvFile(
        (
            *(*EVERY_ROW, "enabledUser", "orgSourcedIds", "role", "username", "userIds"),
            *("givenName", "familyName", "middleName", "identifier", *CONTACTS),
        ),
        ("sourcedId", "enabledUser", "orgSourcedIds", "role", "username", "givenName", "familyName"),
        values={"enabledUser": BOOLEANS, "role": ROLES["1.1"]},
        references={"orgSourcedIds": "orgs", "agentSourcedIds": "users"},
        unique=("username",),
    ),
    "1.2": CsvFile(
        (
            *(*EVERY_ROW, "enabledUser", "username", "userIds"),
            *("givenName", "familyName", "middleName", "identifier", *CONTACTS),
            *("userMasterIdentifier", "preferredGivenName", "preferredMiddleName", "preferredFamilyName"),
            *("primaryOrgSourcedId", "pronouns"),
        ),
        ("sourcedId", "enabledUser", "username", "givenName", "familyName"),
        values={"enabledUser": BOOLEANS},
        references={"primaryOrgSourcedId": "orgs", "agentSourcedIds": "users"},
        unique=("username",),
    ),
}
COMMON: Mapping[str, CsvFile] = {
    "orgs": CsvFile(
        (*EVERY_ROW, "name", "type", "identifier", "parentSourcedId"),
        ("sourcedId", "name", "type"),
        values={"type": ("department", "school", "district", "local", "state", "national")},
        references={"parentSourcedId": "orgs"},
    ),
    "academicSessions": CsvFile(
        (*EVERY_ROW, "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
        ("sourcedId", "title", "type", "startDate", "endDate", "schoolYear"),
        values={"type": ("gradingPeriod", "semester", "schoolYear", "term")},
        references={"parentSourcedId": "academicSessions"},
    ),
    "courses": CsvFile(
        (
            *(*EVERY_ROW, "schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId"),
            *("subjects", "subjectCodes"),
        ),
        ("sourcedId", "title", "orgSourcedId"),
        references={"schoolYearSourcedId": "academicSessions", "orgSourcedId": "orgs"},
    ),
    "classes": CsvFile(
        (
            *(*EVERY_ROW, "title", "grades", "courseSourcedId", "classCode", "classType", "location"),
            *("schoolSourcedId", "termSourcedIds", "subjects", "subjectCodes", "periods"),
        ),
        ("sourcedId", "title", "courseSourcedId", "classType", "schoolSourcedId", "termSourcedIds"),
        values={"classType": ("homeroom", "scheduled")},
        references={
            "courseSourcedId": "courses",
            "schoolSourcedId": "orgs",
            "termSourcedIds": "academicSessions",
        },
    ),
}
ENROLLMENTS = CsvFile(
    (
        *(*EVERY_ROW, "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary"),
        *("beginDate", "endDate"),
    ),
    ("sourcedId", "classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
    values={"role": ("administrator", "proctor", "student", "teacher"), "primary": BOOLEANS},
    references={"classSourcedId": "classes", "schoolSourcedId": "orgs", "userSourcedId": "users"},
    unique=("classSourcedId", "userSourcedId", "role"),
)
ROLE_ROWS = CsvFile(
    (
        *(*EVERY_ROW, "userSourcedId", "roleType", "role", "beginDate", "endDate"),
        *("orgSourcedId", "userProfileSourcedId"),
    ),
    ("sourcedId", "userSourcedId", "roleType", "role", "orgSourcedId"),
    values={"roleType": ("primary", "secondary"), "role": ROLES["1.2"]},
    references={"userSourcedId": "users", "orgSourcedId": "orgs"},
    unique=("userSourcedId", "orgSourcedId", "role"),
)
FILES: Mapping[Version, Mapping[str, CsvFile]] = {
    "1.1": {**COMMON, "users": USERS["1.1"], "enrollments": ENROLLMENTS},
    "1.2": {**COMMON, "users": USERS["1.2"], "roles": ROLE_ROWS, "enrollments": ENROLLMENTS},
}
"""The files that an export has beside its manifest. A file stands after those that it refers to."""
OTHER_FILES: Mapping[Version, tuple[str, ...]] = {
    "1.1": ("categories", "classResources", "courseResources", "demographics", "lineItems", "resources", "results"),
    "1.2": (
        *("categories", "classResources", "courseResources", "demographics", "lineItemLearningObjectiveIds"),
        *("lineItems", "lineItemScoreScales", "resources", "resultLearningObjectiveIds", "results"),
        *("resultScoreScales", "scoreScales", "userProfiles", "userResources"),
    ),
}
"""The files that an export never has. The manifest says that they are absent."""
GRADES: Mapping[str, str] = {
    "InfantToddler": "IT",
    "Preschool": "PR",
    "PreKindergarten": "PK",
    "TransitionalKindergarten": "TK",
    "Kindergarten": "KG",
    **{str(grade): f"{grade:02d}" for grade in range(1, 14)},
    "PostGraduate": "PS",
    "Ungraded": "UG",
    "Other": "Other",
}
"""The code of OneRoster for each grade of Clever. Another text stays as it is."""


def list_manifest(version: Version) -> dict[str, str]:
    """Return the properties of the manifest in their order, without the source."""
    own = FILES[version]
    names = sorted((*own, *OTHER_FILES[version]), key=str.lower)
    return {
        "manifest.version": "1.0",
        "oneroster.version": version,
        **{f"file.{name}": "bulk" if name in own else "absent" for name in names},
    }
