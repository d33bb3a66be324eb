"""The export of a person has no data of another person, and leaves an audit row."""

import json
from datetime import UTC, datetime

from roster_pipeline.privacy.export import export_person
from roster_pipeline.product.database import transaction
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import execute, query

PERSON, OTHER = "a1" * 12, "b2" * 12
LINK = (
    "insert into roster.identity_links (clever_id, account_id, organization_id, rule) "
    "select :key, :account, id, 'created' from roster.organizations where clever_district_id = :district"
)
REVIEW = (
    "insert into roster.reviews (organization_id, clever_id, reason, account_id, clever_says) "
    "select id, :key, 'name_differs', :account, '{\"email\": \"other@x.example\"}' "
    "from roster.organizations where clever_district_id = :district"
)
CLASS = (
    "insert into roster.rosters (organization_id, source, name) "
    "select id, 'native', 'Chess' from roster.organizations where clever_district_id = :district returning id"
)


def test_export_has_no_data_of_other_people(product, account, valley, environment):
    teacher, student = account("q@x.example"), account("s@x.example", role="student")
    execute(product, LINK, as_sync=True, key=PERSON, account=teacher, district=valley.id)
    execute(product, REVIEW, key=OTHER, account=teacher, district=valley.id)
    chess = execute(product, CLASS, district=valley.id)
    execute(product, "insert into roster.roster_teachers values (:r, :a)", r=chess, a=teacher)
    execute(product, "insert into roster.roster_students values (:r, :a)", r=chess, a=student)
    with transaction(product) as pg:
        document = export_person(read_settings(), pg, PERSON, by="operator", at=datetime.now(UTC))
    tables = {table["table"]: table["rows"] for table in document["tables"]}
    assert OTHER not in json.dumps(document)
    assert "other@x.example" not in json.dumps(document)
    assert [row["reason"] for row in tables["reviews"]] == ["name_differs"]
    assert [row["name"] for row in tables["rosters"]] == ["Chess"]
    assert "roster_students" not in tables
    assert query(product, "select acting, act, target_id from roster.web_audit") == [
        ("operator operator", "export_person", str(teacher))
    ]
