"""Serve records whose fields have the wrong types."""

import json

from roster_pipeline.sandbox.api.collection import Collection

MARK, NUMBER = "Quackenbush", 48151623421
"""What every wrong value is made of; nobody's name or id holds it."""


ABYSS, INFINITE = "an abyss", "an infinite number"
WRITTEN = {ABYSS: "[" * 100_000 + "]" * 100_000, INFINITE: f"{NUMBER}e999"}
"""What Python would not write as JSON."""


class Misprinting(Collection):
    """A list of Clever that sends `misprints`, by id, in place of its objects."""

    def __init__(self, objects):
        super().__init__(objects)
        self.misprints = {}

    def encoded(self, key, version):
        return self.misprints.get(key) or super().encoded(key, version)


def misprint(district, resource, key, wrong):
    """Let Clever send a record with a wrong field. The object in the sandbox stays correct."""
    items = district.resources[resource]
    if not isinstance(items, Misprinting):
        items = district.resources[resource] = Misprinting(items.values())
    text = json.dumps(items[key] | wrong)
    for name, written in WRITTEN.items():
        text = text.replace(f'"{name}"', written)
    items.misprints[key] = text.encode()


def reprint(district):
    """Let Clever send every record correctly again."""
    for items in district.resources.values():
        if isinstance(items, Misprinting):
            items.misprints.clear()
