"""The tool behind `make mutate` makes the right changes, finds which of them die, and checks its list."""

import pytest

from roster_pipeline_tests.mutation.equivalents import compare_with_list, read_equivalents
from roster_pipeline_tests.mutation.judge import find_survivors
from roster_pipeline_tests.mutation.mutants import Mutant, mutants_of
from roster_pipeline_tests.mutation.properties import draw_mutants, survive_properties
from roster_pipeline_tests.support.sql_cases import SQL_FILES, Case, open_empty_warehouse


@pytest.mark.parametrize(
    ("sql", "kind", "changes"),
    [
        ("select a = b", "comparison", ["a = b -> a <> b"]),
        ("select a < b", "comparison", ["a < b -> a <= b"]),
        ("select a is distinct from b", "comparison", ["a IS DISTINCT FROM b -> a IS NOT DISTINCT FROM b"]),
        ("select a and b and c", "and/or", ["b AND c -> b OR c", "a AND b -> a OR b"]),
        ("select not a", "not", ["NOT a -> a"]),
        ("select a not in (b, c)", "not", ["NOT a IN (b, c) -> a IN (b, c)"]),
        ("select a is null", "is null", ["a IS NULL -> NOT a IS NULL"]),
        ("select a is not null", "is null", ["NOT a IS NULL -> a IS NULL"]),
        ("select * from t left join u on x", "join", ["LEFT JOIN u ON x -> INNER JOIN u ON x"]),
        ("select * from t anti join u on x", "join", ["ANTI JOIN u ON x -> SEMI JOIN u ON x"]),
        ("select a from t where b", "filter", ["without WHERE b"]),
        ("select if(a, b, c)", "case", ["CASE WHEN a THEN b ELSE c END -> CASE WHEN a THEN c ELSE b END"]),
        ("select a = 'b'", "literal", ["a = 'b' -> a = 'b~'"]),
        ("select a = 1", "literal", ["a = 1 -> a = 2"]),
        ("select coalesce(a, b)", "coalesce", ["COALESCE(a, b) -> a"]),
        ("select distinct a from t", "distinct", ["without DISTINCT"]),
        ("select a from t union select b from u", "distinct", None),
        ("select a from t order by b desc", "order", ["b DESC -> b ASC"]),
    ],
)
def test_each_kind_changes_one_condition(sql, kind, changes):
    found = [mutant.change.removeprefix("select: ") for mutant in mutants_of("any", sql) if mutant.kind == kind]

    assert found == changes if changes else len(found) == 1


def test_each_branch_of_a_case_is_removed():
    mutants = mutants_of("any", "select case when a then b when c then d else e end")

    assert [mutant.sql for mutant in mutants] == [
        "SELECT CASE WHEN c THEN d ELSE e END",
        "SELECT CASE WHEN a THEN b ELSE e END",
        "SELECT CASE WHEN a THEN b WHEN c THEN d END",
    ]


def test_brackets_keep_a_changed_condition_together():
    statements = {mutant.sql for mutant in mutants_of("any", "select a and b or c")}

    assert statements == {"SELECT (a AND b) AND c", "SELECT (a OR b) OR c"}


def test_the_union_of_a_recursive_query_stays():
    sql = "with recursive t as (select a from u union select a from t) select a from t"

    assert mutants_of("any", sql) == []


def test_a_change_has_one_name_however_the_file_is_formatted():
    first = mutants_of("any", "with t as (select a from u where b = 'x' or b = 'x') select a from t")
    second = mutants_of("any", "WITH t AS (\n  SELECT a  -- why\n  FROM u\n  WHERE b='x' OR b='x'\n)\nSELECT a FROM t")

    assert [mutant.change for mutant in first] == [mutant.change for mutant in second]
    assert "t: b = 'x' -> b = 'x~' (2)" in {mutant.change for mutant in first}


@pytest.mark.parametrize("model", SQL_FILES)
def test_changes_have_one_name_each_and_listed_ones_exist(model):
    names = [mutant.change for mutant in mutants_of(model, SQL_FILES[model].read_text(encoding="utf-8"))]

    assert len(set(names)) == len(names)
    assert {change for listed, change in read_equivalents() if listed == model} <= set(names)


def test_a_mutant_dies_of_other_rows_and_of_an_error():
    case = Case(
        "stg_terms",
        "an empty name is none",
        {"raw.terms": [{"id": "a", "name": ""}]},
        [{"term_id": "a", "name": None}],
    )
    fine, other, broken = (
        Mutant("stg_terms", "any", name, f"select id as term_id, {name} as name from raw.terms")
        for name in ("nullif(name, '')", "name", "no_column")
    )
    with open_empty_warehouse() as con:
        assert find_survivors(con, [case], [broken, other, fine]) == [fine]


def test_another_order_dies_where_the_select_has_an_order():
    rows = [{"account_id": 1, "role": role, "op": "end", "held": True} for role in ("student", "teacher")]
    case = Case(
        "plan/impact_people", "by role", {"changes.org_memberships": rows}, [{"role": row["role"]} for row in rows]
    )
    select = "select role from changes.org_memberships order by role"
    fine, other = (Mutant("plan/impact_people", "any", end, f"{select} {end}") for end in ("asc", "desc"))
    with open_empty_warehouse() as con:
        assert find_survivors(con, [case], [fine, other]) == [fine]


def test_survivors_are_compared_with_the_list():
    mutants = [Mutant("m", "any", change, "") for change in ("dies", "listed", "survives", "listed but dies")]
    survivors = [mutant for mutant in mutants if "dies" not in mutant.change]

    findings = compare_with_list(mutants, survivors, [("m", "listed"), ("m", "listed but dies"), ("m", "gone")])

    assert [mutant.change for mutant in findings.unlisted] == ["survives"]
    assert findings.dead == [("m", "listed but dies")]
    assert findings.unknown == [("m", "gone")]
    assert not findings.is_good


def test_every_listed_change_is_of_a_model_and_has_a_reason():
    listed = read_equivalents()

    assert {model for model, _ in listed} <= SQL_FILES.keys()
    assert all(listed.values())


def test_drawn_mutants_are_of_identity_and_not_equivalent():
    listed = read_equivalents()
    mutants = draw_mutants(20, 7, listed)

    assert len(mutants) == 20
    assert {mutant.model for mutant in mutants} <= {"int_identities", "int_email_claims"}
    assert not {(mutant.model, mutant.change) for mutant in mutants} & listed.keys()


def test_mutant_survives_the_properties_if_the_worlds_stay_right():
    sql = SQL_FILES["int_identities"].read_text(encoding="utf-8")
    exception = "reason is null or (reason = 'name_differs' and role = 'teacher')"
    fine, other, broken = (
        Mutant("int_identities", "any", name, changed)
        for name, changed in (
            ("fine", f"from ({sql})"),
            ("other", sql.replace(exception, "reason is null")),
            ("broken", "select no_column from staging.stg_students"),
        )
    )

    assert survive_properties([broken, other, fine], 7, count=200) == [fine]
