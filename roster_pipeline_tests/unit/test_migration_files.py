"""A changed SQL file of the migrations needs a new revision, because an upgrade runs the files only for a revision."""

from hashlib import sha256

from alembic.script import ScriptDirectory

from roster_pipeline.product.migrations.sql_files import FOLDER

WHAT_TO_DO = """
The SQL files of the migrations are not those of revision {revision}. Databases of it would not get the change.
Write a revision, which may be empty, with
sql_digest = "{digest}"
"""


def digest_files():
    """Return one digest of the names and texts of all SQL files."""
    texts = [f"{path.name}\0{path.read_text(encoding='utf-8')}\0" for path in sorted(FOLDER.glob("*.sql"))]
    assert texts
    return sha256("".join(texts).encode()).hexdigest()


def test_sql_files_are_those_of_the_newest_revision():
    (head,) = ScriptDirectory(str(FOLDER.parent)).get_revisions("heads")
    digest = digest_files()

    assert getattr(head.module, "sql_digest", None) == digest, WHAT_TO_DO.format(revision=head.revision, digest=digest)
