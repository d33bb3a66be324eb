"""The answers of the sandbox match Clever's published specification (Swagger 2.0) in both versions.

The specification's `Event` declares no payload (docs/clever-api.md#events): an event's object is checked against the
definition of its own type.
"""

import jsonschema
import pytest
import yaml

from roster_pipeline.sandbox.data.school_day import school_day

DEFINITIONS = {
    "districts": "District",
    "schools": "School",
    "users": "User",
    "sections": "Section",
    "terms": "Term",
    "courses": "Course",
}


ENVELOPES = "Response"
"""How the names of the definitions end that declare no `uri`, though every answer has one."""


def closed(name, definition):
    """A definition as JSON Schema; envelopes apart, no property beyond the declared ones may appear."""
    schema = nullable(definition)
    return schema if name.endswith(ENVELOPES) else schema | {"additionalProperties": False}


def nullable(node):
    """A Swagger node as JSON Schema: `x-nullable` admits null."""
    if isinstance(node, list):
        return [nullable(each) for each in node]
    if not isinstance(node, dict):
        return node
    schema = {key: nullable(value) for key, value in node.items()}
    return {"anyOf": [schema, {"type": "null"}]} if schema.pop("x-nullable", False) else schema


@pytest.fixture(params=["v3.0", "v3.1"])
def version(request):
    return request.param


@pytest.fixture
def complaints(shared, version):
    """What the specification says against a value of one of its definitions."""
    path = shared / "clever" / "spec" / f"{version}.yml"
    if not path.exists():
        pytest.skip(f"the specification is not on this machine: {path}")
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))["definitions"]
    definitions = {name: closed(name, definition) for name, definition in declared.items()}

    def check(name, value):
        schema = {"$ref": f"#/definitions/{name}", "definitions": definitions}
        return [error.message for error in jsonschema.Draft4Validator(schema).iter_errors(value)]

    return check


@pytest.mark.parametrize("resource", DEFINITIONS)
def test_every_page_of_a_list_is_what_the_specification_says(walk, complaints, version, resource):
    pages = list(walk(f"/{version}/{resource}"))

    assert pages
    assert [complaints(DEFINITIONS[resource] + "sResponse", page) for page in pages] == [[]] * len(pages)


@pytest.mark.parametrize("resource", DEFINITIONS)
def test_a_record_read_alone_is_what_the_specification_says(clever, village, complaints, version, resource):
    body = clever.get(f"/{version}/{resource}/{village.resources[resource].ids()[0]}").json()

    assert complaints(DEFINITIONS[resource], body["data"]) == []


def test_the_objects_in_events_are_what_the_specification_says(walk, village, complaints, version):
    school_day(village, 1, seed=7)

    events = [item["data"] for page in walk(f"/{version}/events") for item in page["data"]]

    assert events
    for event in events:
        assert event.keys() == {"type", "id", "created", "data"}
        assert complaints(DEFINITIONS[event["type"].partition(".")[0]], event["data"]["object"]) == []


def test_specification_check_notices_an_undocumented_object(complaints):
    assert complaints("School", {"id": "x", "low_grade": "first", "mascot": "owl"})
