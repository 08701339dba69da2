"""Each migration is judged by what it does: whether the version before works on what it leaves, and what a way back costs."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from secretaria.database.steps import Step, known_steps
from secretaria.releases.version import parse_version

HEAD = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = {revision!r}, {before!r}
{said}

def upgrade():
{up}

def downgrade():
{down}
"""
FIRST = """
op.create_table(
    "pet",
    sa.Column("id", sa.BigInteger(), nullable=False),
    sa.Column("name", sa.String(), nullable=True),
    sa.Column("kind", sa.String(), nullable=False),
    sa.CheckConstraint("kind IN ('cat', 'dog')", name="kind_known"),
    sa.PrimaryKeyConstraint("id"),
)
op.create_index("pet_name", "pet", ["name"], unique=True)
op.execute("CREATE FUNCTION refuse_pet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$")
op.execute("CREATE FUNCTION tell_pet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$")
"""


def second_of(folder: Path, up: str, down: str = "pass", said: str = "") -> Step:
    """Judge a migration that follows one with a table of pets."""
    written = (("0001_pets", None, FIRST, "pass", ""), ("0002_more", "0001_pets", up, down, said))
    (folder / "versions").mkdir()
    for revision, before, upwards, downwards, word in written:
        ways = {"up": indent(upwards.strip(), "    "), "down": indent(downwards.strip(), "    ")}
        text = HEAD.format(revision=revision, before=before, said=word, **ways)
        (folder / "versions" / f"{revision}.py").write_text(text, encoding="utf-8")
    return known_steps(folder)[-1]


def test_every_migration_so_far_lets_the_version_before_go_on() -> None:
    """None of them has contracted the schema, and each can be taken back."""
    steps = known_steps()
    assert [step.revision for step in steps if step.kind == "contract" or not step.has_way_down] == []
    assert [step.revision for step in steps] == sorted(step.revision for step in steps)


def test_what_a_migration_does_is_told_in_one_sentence() -> None:
    """Tables, columns and what fills them, the same verbs together."""
    told = {step.revision: step.does for step in known_steps()}
    assert told["0015_drafts"] == (
        "acrescenta a coluna business_version.set_aside_at; preenche business_version.set_aside_at"
    )
    assert told["0016_second_step"] == (
        "acrescenta a coluna attendant.second_step, attendant.last_step; cria a tabela recovery_code"
    )


@pytest.mark.parametrize(
    "up",
    [
        'op.add_column("pet", sa.Column("age", sa.Integer(), nullable=True))',
        'op.add_column("pet", sa.Column("age", sa.Integer(), nullable=False, server_default="0"))',
        'op.alter_column("pet", "kind", nullable=True)',
        'op.create_index("pet_kind", "pet", ["kind"])',
        'op.add_column("pet", sa.Column("tag", sa.String()))\nop.create_index("t", "pet", ["tag"], unique=True)',
        'op.drop_constraint("kind_known", "pet")',
        'op.drop_constraint("kind_known", "pet")\nop.create_check_constraint("kind_known", "pet", "kind IN (\'cat\', \'dog\', \'owl\')")',
        'op.execute("CREATE TRIGGER told AFTER INSERT ON pet FOR EACH ROW EXECUTE FUNCTION tell_pet()")',
        'op.add_column("pet", sa.Column("tag", sa.String()))\nop.execute("UPDATE pet SET tag = name WHERE tag IS NULL")',
        'op.create_table("shop", sa.Column("id", sa.Integer()))\nop.execute("INSERT INTO shop VALUES (1)")',
    ],
)
def test_what_only_adds_or_loosens_is_an_expansion(tmp_path: Path, up: str) -> None:
    """Code that does not know it goes on reading and writing as before."""
    assert second_of(tmp_path, up).breaks == ()


@pytest.mark.parametrize(
    ("up", "why"),
    [
        ('op.drop_table("pet")', "a tabela pet deixa de existir"),
        ('op.rename_table("pet", "animal")', "a tabela pet deixa de existir"),
        ('op.drop_column("pet", "name")', "a coluna pet.name deixa de existir"),
        ('op.alter_column("pet", "name", new_column_name="called")', "a coluna pet.name muda de nome"),
        ('op.alter_column("pet", "name", type_=sa.Integer())', "a coluna pet.name muda de tipo"),
        ('op.alter_column("pet", "name", nullable=False)', "a coluna pet.name passa a ser obrigatória"),
        ('op.add_column("pet", sa.Column("age", sa.Integer(), nullable=False))', "pet.age é obrigatória"),
        ('op.drop_index("pet_name", "pet")', "o índice único pet_name deixa de existir"),
        ('op.create_unique_constraint("pet_kind", "pet", ["kind"])', "a chave única pet_kind recusa"),
        ('op.create_check_constraint("named", "pet", "name <> \'\'")', "a restrição named recusa"),
        (
            'op.drop_constraint("kind_known", "pet")\nop.create_check_constraint("kind_known", "pet", "kind IN (\'cat\')")',
            "a restrição kind_known recusa",
        ),
        (
            'op.execute("CREATE TRIGGER kept BEFORE UPDATE ON pet FOR EACH ROW EXECUTE FUNCTION refuse_pet()")',
            "o gatilho kept recusa mudanças de pet",
        ),
        ("op.execute(\"UPDATE pet SET name = 'x'\")", "muda valores de pet.name"),
        ('op.execute("ALTER TABLE pet DROP COLUMN name")', "não se sabe o que muda"),
        ('op.execute("DELETE FROM pet")', "não se sabe o que muda"),
        ('op.execute("CREATE SEQUENCE s; DROP TABLE pet")', "faz mais de uma coisa"),
        ("op.get_bind().execute(sa.text('SELECT 1'))", "só se sabe com um banco"),
    ],
)
def test_what_takes_something_away_is_a_contraction(tmp_path: Path, up: str, why: str) -> None:
    """And so is what cannot be judged; it is told why."""
    step = second_of(tmp_path, up)
    assert step.kind == "contract"
    assert why in step.breaks[0]


def test_an_author_may_speak_for_a_function_but_not_for_a_table(tmp_path: Path) -> None:
    """A replaced function is as safe as its author says; what takes a table away is not, whatever is said."""
    said = 'safe_because = "it only refuses less"'
    replaced = 'op.execute("CREATE OR REPLACE FUNCTION refuse_pet() RETURNS trigger LANGUAGE plpgsql AS $$ $$")'
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    assert second_of(tmp_path / "one", replaced, said=said).kind == "expand"
    assert second_of(tmp_path / "two", 'op.execute("DROP TABLE pet")', said=said).kind == "contract"


def test_an_author_may_say_since_when_something_is_unused(tmp_path: Path) -> None:
    """It stays a contraction, with the release from which on nothing needs what it takes away."""
    step = second_of(tmp_path, 'op.drop_column("pet", "name")', said='unused_since = "1.2.0"')
    assert (step.kind, step.unused_since) == ("contract", "1.2.0")


def test_the_word_of_every_author_can_be_read() -> None:
    """A deploy would stumble over what is no version."""
    assert all(parse_version(step.unused_since) for step in known_steps() if step.unused_since)


def test_a_way_down_that_only_takes_back_an_index_costs_nothing(tmp_path: Path) -> None:
    """Nothing a person or a customer has written is in it."""
    step = second_of(tmp_path, 'op.create_index("k", "pet", ["kind"])', 'op.drop_index("k", "pet")')
    assert (step.has_way_down, step.costs) == (True, ())


def test_a_way_down_without_operations_is_none(tmp_path: Path) -> None:
    """Doing nothing does not bring the schema before back."""
    assert not second_of(tmp_path, 'op.create_index("k", "pet", ["kind"])').has_way_down


def test_what_a_way_down_may_cost_is_named(tmp_path: Path) -> None:
    """The column that goes, and the rows that the older constraint does not take."""
    down = 'op.drop_column("pet", "tag")\nop.create_check_constraint("k", "pet", "kind IN (\'cat\')")\nop.execute(\'DELETE FROM pet\')'
    step = second_of(tmp_path, 'op.add_column("pet", sa.Column("tag", sa.String()))', down)
    assert [cost.what for cost in step.costs] == [
        "o que está em pet.tag",
        "linhas de pet que k não aceita",
        "linhas de pet",
    ]
