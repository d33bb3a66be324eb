"""The filters of the templates."""

from roster_pipeline.web.rendering import join_names


def test_names_in_a_row_are_escaped_and_apart() -> None:
    assert join_names(["Ana <b>", "O'Neil & Co"]) == "<bdi>Ana &lt;b&gt;</bdi>, <bdi>O&#39;Neil &amp; Co</bdi>"


def test_no_names_are_an_empty_text() -> None:
    assert join_names([]) == ""


def test_an_empty_name_is_replaced_in_a_row_of_names() -> None:
    assert join_names(["", "Ana"], "(no name)") == "<bdi>(no name)</bdi>, <bdi>Ana</bdi>"
