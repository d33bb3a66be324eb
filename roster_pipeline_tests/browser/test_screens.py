"""Every screen that a role reaches can be read by everybody at each width, and the browser reports no error."""

import pytest

from roster_pipeline_tests.support.browser import NARROW, SIDEWAYS, WIDE, ZOOMED, picture_name, route_of

ROLES = ("district_admin", "teacher", "student")
LOOKS = {
    "wide": (WIDE, "light"),
    "narrow": (NARROW, "light"),
    "zoomed": (ZOOMED, "light"),
    "dark": (WIDE, "dark"),
}
"""The sizes and colors in which each screen is looked at."""
EACH = 2
"""How many screens of one route are looked at."""


def crawl(visitor):
    """Yield the path of each screen that a person reaches by links, at most EACH of one route. The screen is open."""
    waiting, seen, counts = sorted(visitor.links()), set(), {}
    waiting.insert(0, visitor.page.url.removeprefix(visitor.installation.page))
    while waiting:
        path = waiting.pop(0)
        route = route_of(path)
        if path in seen or route is None or counts.get(route, 0) >= EACH or "csv" in path:
            continue
        seen.add(path)
        counts[route] = counts.get(route, 0) + 1
        assert visitor.go(path) == 200, path
        yield path
        waiting += sorted(visitor.links() - seen)


@pytest.mark.parametrize("role", ROLES)
def test_every_screen_is_accessible_at_each_width(visit, published, role):
    visitor = visit(viewport=WIDE)
    visitor.log_in(role)
    faults = []
    for path in crawl(visitor):
        headings = visitor.page.locator("h1").count()
        faults += [f"{path}: {headings} h1"] if headings != 1 else []
        for name, (size, scheme) in LOOKS.items():
            visitor.page.set_viewport_size(size)
            visitor.page.emulate_media(color_scheme=scheme)
            visitor.keep_picture(f"{picture_name(role, path)}-{name}")
            if size is not ZOOMED:  # At a zoom of 200 % the screen is the narrow one or the wide one.
                faults += [f"{path}, {name}: {line}" for line in visitor.violations()]
            if (excess := visitor.page.evaluate(SIDEWAYS)) > 0:
                faults.append(f"{path}, {name}: {excess} px wider than the screen")
    assert faults == []
    assert visitor.complaints == []
