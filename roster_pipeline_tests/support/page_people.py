"""People and classes that a test of the page adds, and logins of several roles."""

from contextlib import contextmanager

from roster_pipeline_tests.support.page import person

ADD_PERSON = """
    with person as (
        insert into roster.accounts (first_name, last_name, email, role) values (:first, :last, :email, :role)
        returning id
    ), member as (
        insert into roster.org_memberships (organization_id, account_id, role) select :own, id, :role from person
    )
    insert into roster.school_memberships (school_id, account_id, role)
    select min(s.id), person.id, :role from person, roster.schools as s where s.organization_id = :own
    group by person.id returning account_id
"""
ADD_CLASS = "insert into roster.rosters (organization_id, name) values (:own, :name) returning id"
ADMIN_SCOPE = "update roster.org_memberships set admin_scope = :scope where is_admin and organization_id = :own"
ADMIN_SCHOOLS = """
    insert into roster.admin_schools (organization_id, account_id, school_id, made_by)
    select m.organization_id, m.account_id, s.id, 'test' from roster.org_memberships as m
    inner join roster.schools as s on s.organization_id = m.organization_id
    where m.is_admin and m.organization_id = :own and s.name = any(:names)
"""
AUDIT = "select count(*) from roster.web_audit where act = :act"


def organization_of(site, town):
    """Return the id of the organization of a town."""
    return site.value("select id from roster.organizations where clever_district_id = :key", key=town.id)


def account_of(site, clever_id):
    """Return the account of a Clever id."""
    return site.value("select account_id from roster.identity_links where clever_id = :key", key=clever_id)


def class_of(site, name):
    """Return the id of the class of this name."""
    return site.value("select id from roster.rosters where name = :name", name=name)


def school_of(site, town, name):
    """Return the id of a school of a town."""
    own = organization_of(site, town)
    return site.value("select id from roster.schools where organization_id = :own and name = :name", own=own, name=name)


def add_person(site, town, first, last, *, email=None, role="student"):
    """Add a native person to the first school of a town. Return the account."""
    own = organization_of(site, town)
    return site.value(ADD_PERSON, first=first, last=last, email=email, role=role, own=own)


def add_class(site, town, name):
    """Add a native class to a town. Return its id."""
    return site.value(ADD_CLASS, own=organization_of(site, town), name=name)


def count_acts(site, act):
    """Return how many rows of the audit trail an act has."""
    return site.value(AUDIT, act=act)


@contextmanager
def school_admin(site, town, *names):
    """Make the admin of a town an admin of some schools for the duration of the context."""
    own = organization_of(site, town)
    site.execute(ADMIN_SCOPE, scope="schools", own=own)
    site.execute(ADMIN_SCHOOLS, own=own, names=list(names))
    yield person(town, "staff")
    site.execute("delete from roster.admin_schools where organization_id = :own", own=own)
    site.execute(ADMIN_SCOPE, scope="organization", own=own)


def move_person(site, town, account, school):
    """Move a native person of a town from every school to another one."""
    site.execute("update roster.school_memberships set ended_at = now() where account_id = :account", account=account)
    site.execute(
        "insert into roster.school_memberships (school_id, account_id, role) "
        "select :school, id, role from roster.accounts where id = :account",
        school=school_of(site, town, school), account=account,
    )  # fmt: skip
