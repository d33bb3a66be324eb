"""Let the tests of a module share the syncs of one town.

A test under `shares_syncs` is a generator function. Its first argument is a part of the town, which has numbers of its
own. Its other positional arguments are fixtures, and keyword-only arguments are parameters. At each `yield` all tests
of the module wait, the town is synced once without limits, and all of them go on. `town.plan` is the plan of that sync.
After the last step a full sync of the same feed has to write nothing. Where a module sets `LATER_SYNCS = "delta"`, each
sync but the first and the last is a delta.
"""

from inspect import Parameter, Signature, signature

import pytest

from roster_pipeline_tests.support.changes import NO_LIMITS
from roster_pipeline_tests.support.readers import query, row_versions
from roster_pipeline_tests.support.town import Town
from roster_pipeline_tests.support.town_part import TownPart

BY_NAME = Parameter.POSITIONAL_OR_KEYWORD
MODE = "select mode from roster.syncs order by id desc limit 1"


def shares_syncs(case):
    """Return a test that runs a generator function beside the others of its module."""
    parameters = [name for name, one in signature(case).parameters.items() if one.kind is Parameter.KEYWORD_ONLY]

    def test(shared_syncs, **_parameters):
        shared_syncs()

    test.case = case
    test.__name__, test.__doc__, test.__module__ = case.__name__, case.__doc__, case.__module__
    test.__signature__ = Signature([Parameter(name, BY_NAME) for name in ("shared_syncs", *parameters)])
    return test


@pytest.fixture(scope="session")
def shared_outcomes():
    """The outcomes of the tests by module and name. An outcome is an exception or None."""
    return {}


@pytest.fixture
def shared_syncs(request, shared_outcomes):
    """Run the chosen tests of the module together, once. Return a function that raises the exception of this test."""
    outcomes = shared_outcomes.get(request.module.__name__)
    if outcomes is None:
        outcomes = shared_outcomes[request.module.__name__] = _run_together(request)

    def outcome():
        if fault := outcomes[request.node.name]:
            raise fault

    return outcome


def _run_together(request):
    """Return the outcome of each chosen test of the module, by its name."""
    stories, parts, sync = _begin_all(request)
    outcomes = dict.fromkeys(stories)
    try:
        _sync_in_turn(request, stories, parts, sync, outcomes)
    except Exception as fault:  # noqa: BLE001 - every test that depends on the failed sync raises it
        return {name: outcome or fault for name, outcome in outcomes.items()}
    return outcomes


def _begin_all(request):
    """Return the generators of the chosen tests by name, their parts of the town, and a function that syncs it."""
    product, quick_sync = (request.getfixturevalue(name) for name in ("product", "quick_sync"))
    town = request.getfixturevalue("connect")(Town())
    stories, parts = {}, []
    for item in request.session.items:
        if item.module is request.module and hasattr(item.function, "case"):
            parts.append(TownPart(town, len(parts) + 1, product))
            stories[item.name] = _begin(request, item, parts[-1])
    return stories, parts, lambda mode="full": quick_sync(town, NO_LIMITS, mode=mode)


def _sync_in_turn(request, stories, parts, sync, outcomes):
    """Sync whenever all tests wait, until all are at their end. Check that another sync writes nothing."""
    product, mode, rows = request.getfixturevalue("product"), "full", None
    while stories := _proceed(stories, outcomes):
        plan = sync(mode)
        assert query(product, MODE) == [(mode,)]
        for part in parts:
            part.plan = plan
        mode, rows = getattr(request.module, "LATER_SYNCS", "full"), row_versions(product)
    if row_versions(product) != rows:  # by a test after its last `yield`
        sync()
        rows = row_versions(product)
    assert sync().total == 0
    assert row_versions(product) == rows


def _begin(request, item, part):
    """Return the generator of a test with its fixtures and parameters."""
    case, parameters = item.function.case, item.callspec.params if hasattr(item, "callspec") else {}
    names = [name for name, one in signature(case).parameters.items() if one.kind is BY_NAME]
    return case(part, *(request.getfixturevalue(name) for name in names[1:]), **parameters)


def _proceed(stories, outcomes):
    """Run each test up to its next sync. Return those that are not at their end. Store the exceptions of the others."""
    waiting = {}
    for name, story in stories.items():
        try:
            next(story)
        except StopIteration:
            continue
        except (Exception, pytest.fail.Exception) as fault:  # noqa: BLE001 - the test that it belongs to raises it
            outcomes[name] = fault
        else:
            waiting[name] = story
    return waiting
