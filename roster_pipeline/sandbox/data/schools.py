"""Make invented schools as raw Clever objects."""

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.scene import Scene

GRADES = ("Kindergarten", *(str(grade) for grade in range(1, 13)))
LEVELS = (("Elementary", "Kindergarten", "5"), ("Middle", "6", "8"), ("High", "9", "12"))
LEVEL_CYCLE = (0, 1, 2, 0, 0, 1, 0, 2, 0)
"""The level of each of nine schools: five elementary, two middle and two high schools."""
PLACES = (
    *("Maple Hollow", "Sunrise", "Señora Park", "Cedar Bluff", "Lincoln Street", "Riverbend", "P.S. 9"),
    *("St. Clair", "Old Mill", "Cañon", "Prairie View", "O'Hara", "Lakeshore", "Fernández", "Northgate"),
    *("Foxglove", "Harbor", "Twin Pines", "Two Rivers", "Wāhinui"),
)


def make_school(scene: Scene, number: int, schools: int) -> Object:
    """Make one of `schools` schools. `number` counts from 0. If there are under three, each has every grade."""
    kind, low, high = LEVELS[LEVEL_CYCLE[number % len(LEVEL_CYCLE)]]
    if schools < len(LEVELS):
        kind, low, high = "Community", GRADES[0], GRADES[-1]
    repetition = number // len(PLACES)
    place = PLACES[number % len(PLACES)] + (f" {repetition + 1}" if repetition else "")
    return {
        **scene.stamped(),
        "name": f"{place} {kind} School",
        "school_number": str(100 + number),
        "sis_id": str(100 + number),
        "nces_id": f"99{number:010d}",
        "low_grade": low,
        "high_grade": high,
        "phone": f"(555) 555-{number:04d}",
        "principal": {"name": "Office of the Principal", "email": f"office{100 + number}@{scene.domain}"},
        "location": {
            "address": f"{number + 1} School Lane",
            "city": place,
            "state": "OR",
            "zip": f"97{number % 1000:03d}",
        },
        "ext": {"charter_school": "Y" if number % 9 == 4 else "N"},
    }


def grades_of(school: Object) -> tuple[str, ...]:
    """Return the grades of a school. A school without valid grades has all of them."""
    low, high = school.get("low_grade"), school.get("high_grade")
    if low not in GRADES or high not in GRADES:
        return GRADES
    return GRADES[GRADES.index(low) : GRADES.index(high) + 1]
