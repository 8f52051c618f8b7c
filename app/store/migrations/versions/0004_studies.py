"""Studies, their cells, and the study and cell of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "studies",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created", sa.Float, nullable=False, index=True),
        sa.Column("ended", sa.Float),
        sa.Column("base", sa.JSON, nullable=False),
        sa.Column("axes", sa.JSON, nullable=False),
        sa.Column("seeds", sa.JSON, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("request_key", sa.String(200), unique=True),
        sa.Column("request_hash", sa.String(64)),
    )
    op.create_table(
        "cells",
        sa.Column("study", sa.String(20), sa.ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("index", sa.Integer, primary_key=True),
        sa.Column("values", sa.JSON, nullable=False),
        sa.Column("spec", sa.JSON),
        sa.Column("refused", sa.JSON),
    )
    op.add_column("runs", sa.Column("study", sa.String(20)))
    op.add_column("runs", sa.Column("cell", sa.Integer))
    op.create_index("runs_by_study", "runs", ["study", "cell"])


def downgrade() -> None:
    op.drop_index("runs_by_study", "runs")
    for column in ("study", "cell"):
        op.drop_column("runs", column)
    op.drop_table("cells")
    op.drop_table("studies")
