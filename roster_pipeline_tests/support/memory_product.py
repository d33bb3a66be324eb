"""The product of a sync in memory: tables with the columns of schema `current`, in database `product`."""

from roster_pipeline.current.tables import CURRENT_TABLES
from roster_pipeline.model.entities import ACCOUNTS, END, ENTITIES, IDENTITY_LINKS, INSERT, REVIEWS
from roster_pipeline_tests.support.readers import as_expected

LIVE_ROSTER = "semi join (from product.main.rosters where not is_ended) as live using (section_id)"
QUERIES = {
    "people": "select linked_clever_id, role, first_name, last_name, email, clever_email, imported_from_clever "
    "from product.main.accounts where not is_ended",
    "members": "select clever_id, role from product.main.org_memberships where not is_ended",
    "schools": "select school_id, name, sis_id, nces_id, low_grade, high_grade from product.main.schools "
    "where not is_ended",
    "terms": "select term_id, name, start_date, end_date from product.main.terms where not is_ended",
    "courses": "select course_id, number, name from product.main.courses where not is_ended",
    "school_members": "select school_id, clever_id, role, is_primary from product.main.school_memberships as member "
    "semi join (from product.main.schools where not is_ended) as live using (school_id) where not is_ended",
    "rosters": "select section_id, school_id, name, subject, grade, period, term_name, term_id, course_id "
    "from product.main.rosters where not is_ended",
    "teachers": f"select section_id, clever_id, is_primary from product.main.roster_teachers {LIVE_ROSTER} "
    "where not is_ended",
    "students": f"select section_id, clever_id from product.main.roster_students {LIVE_ROSTER} where not is_ended",
    "pending": f"select section_id, clever_id, role from product.main.pending_members {LIVE_ROSTER}",
    "reviews": "select clever_id, reason from product.main.reviews",
    "known_schools": "select school_id from product.main.schools",
}
"""The queries of `readers.published`, over the tables in memory."""
DELETED = ("pending_members", "reviews")
"""Entities whose rows are gone for the next sync when they end. A review that a sync ended may open again."""
ACCOUNTS_OF_NEW_PEOPLE = """
    insert into product.main.accounts by name
    select
        nextval('product.main.account_ids') as account_id,
        * exclude (account_id, clever_id),
        clever_id as linked_clever_id,
        true as is_linked_here,
        false as is_linked_elsewhere,
        false as is_member_elsewhere,
        false as is_admin_elsewhere,
        false as is_admin_here,
        false as is_other_disconnected,
        false as is_other_name_different,
        false as is_ended,
        false as is_native,
        '1' as version
    from (select {columns} from changes.accounts where op = 'insert')
"""
NEW_LINKS = """
    insert into product.main.identity_links by name
    select link.clever_id, account.account_id, false as is_ended, false as is_native, '1' as version
    from changes.identity_links as link
    join product.main.accounts as account on account.linked_clever_id = link.clever_id
"""
SIS_IDS = """
    update product.main.accounts set linked_sis_id = link.evidence ->> 'sis_id'
    from changes.identity_links as link where link.clever_id = linked_clever_id
"""
EMAILS = "select count(email) = count(distinct email) from product.main.accounts where not is_ended"


def create_tables(con):
    """Create the tables of the product, all empty."""
    con.execute("create sequence product.main.account_ids")
    for table in CURRENT_TABLES:
        columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
        con.execute(f"create table product.main.{table.name} ({columns})")


def apply_changes(con):
    """Apply schema `changes` to the product."""
    con.execute(ACCOUNTS_OF_NEW_PEOPLE.format(columns=", ".join(ACCOUNTS.columns)))
    con.execute(NEW_LINKS)
    con.execute(SIS_IDS)
    values = ", ".join(f"{column} = changed.{column}" for column in ACCOUNTS.content)
    con.execute(
        f"update product.main.accounts set {values}, is_ended = false from changes.accounts as changed "
        f"where changed.op <> '{INSERT}' and changed.account_id = accounts.account_id"
    )
    for entity in ENTITIES:
        if entity not in (ACCOUNTS, IDENTITY_LINKS):
            _apply(con, entity)
    # The product has a unique index on emails.
    assert con.execute(EMAILS).fetchone() == (True,), "two accounts have one email"


def _apply(con, entity):
    """Replace the changed rows of an entity."""
    is_same = " and ".join(f"changed.{column} is not distinct from known.{column}" for column in entity.key)
    con.execute(
        f"delete from product.main.{entity.name} as known using changes.{entity.name} as changed "
        f"where changed.op <> '{INSERT}' and {is_same}"
    )
    is_of_account = "account_id" in entity.columns and entity is not REVIEWS
    person = "left join product.main.identity_links as link on link.clever_id = changed.clever_id"
    columns = [
        "coalesce(changed.account_id, link.account_id) as account_id"
        if is_of_account and column == "account_id"
        else f"changed.{column}"
        for column in entity.columns
        if entity is not REVIEWS or column in entity.key
    ]
    con.execute(
        f"insert into product.main.{entity.name} by name "
        f"select {', '.join(columns)}, changed.op = '{END}' as is_ended, false as is_native, '1' as version "
        f"from changes.{entity.name} as changed {person if is_of_account else ''} "
        f"where not (changed.op = '{END}' and {entity.name in DELETED})"
    )


def read_published(con):
    """Return the live rows in terms of Clever, as `readers.published` does."""
    return as_expected({name: con.execute(query).fetchall() for name, query in QUERIES.items()})
