"""Matrices over time; the parent of a forked run; the diagnoses of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("runs", sa.Column("parent", sa.String(20)))
    op.add_column("runs", sa.Column("forked_at", sa.Float))
    op.add_column("runs", sa.Column("diagnosis", sa.JSON, nullable=False, server_default="[]"))
    op.create_table(
        "matrices",
        sa.Column("run", sa.String(20), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("step", sa.Float, primary_key=True),
        sa.Column("shape", sa.JSON, nullable=False),
        sa.Column("meta", sa.JSON, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("matrices")
    for column in ("parent", "forked_at", "diagnosis"):
        op.drop_column("runs", column)
