"""Each table of the product is in the list of what an erasure does with it."""

from roster_pipeline.privacy.tables import TABLE_ERASURES
from roster_pipeline.product.tables import metadata

ACCOUNT_REFERENCE = "roster.accounts.id"


def test_every_table_of_the_product_has_an_erasure():
    assert sorted(each.table.name for each in TABLE_ERASURES) == sorted(
        table.name for table in metadata.tables.values()
    )


def test_every_reference_to_an_account_is_erased_or_cleared():
    for each in TABLE_ERASURES:
        references = {
            column.name
            for column in each.table.c
            for key in column.foreign_keys
            if key.target_fullname == ACCOUNT_REFERENCE
        }
        assert references <= {*each.accounts, *each.cleared}, each.table.name


def test_every_column_with_a_clever_id_of_a_person_is_erased():
    people = {"identity_links", "pending_members", "reviews", "web_sessions"}
    assert {each.table.name for each in TABLE_ERASURES if each.clever_ids} == {*people, "web_identities"}
    with_clever_id = {table.name for table in metadata.tables.values() if "clever_id" in table.c}
    assert with_clever_id - people == {"schools", "terms", "courses", "rosters"}  # a place is no person


def test_every_row_goes_before_the_rows_that_it_refers_to():
    order = [each.table for each in TABLE_ERASURES]
    for place, table in enumerate(order):
        referred = {key.column.table for key in table.foreign_keys} - {table}
        assert referred.isdisjoint(order[:place]), table.name
