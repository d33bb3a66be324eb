"""The page says in words which fields of Clever are kept."""

import pytest

from roster_pipeline.messages import product
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline.web.shared_fields import list_shared


@pytest.mark.parametrize("is_library", [False, True])
def test_every_kept_field_has_a_name(is_library):
    shown = list_shared(product(), is_library=is_library)

    assert all(each.fields for each in shown)
    assert is_library or {each.name for each in shown} == {each.name for each in RESOURCES}
