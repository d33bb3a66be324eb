"""Choose people of a district by role, and remove one from Clever."""


def first_with(district, resource, condition):
    items = district.resources[resource]
    return dict(next(items[key] for key in items if condition(items[key])))


def users_of(district, role):
    users = district.resources["users"]
    return [key for key in users if role in users[key]["roles"]]


def leave(district, key):
    """Remove a student from all sections and from the users."""
    for section in list(district.resources["sections"].values()):
        if key in section["students"]:
            rest = [one for one in section["students"] if one != key]
            district.put("sections", section | {"students": rest})
    district.remove("users", key)
