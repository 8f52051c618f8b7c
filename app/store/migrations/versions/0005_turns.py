"""The time when an experiment started to run: its duration is counted from there, not from when it began to wait."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("judgements", sa.Column("started", sa.Float))


def downgrade() -> None:
    op.drop_column("judgements", "started")
