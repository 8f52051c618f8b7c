"""The reasons of ends, stored in a form that can be translated from English."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("runs", sa.Column("end_sentence", sa.JSON))
    for table in ("judgements", "studies"):
        op.add_column(table, sa.Column("reason_sentence", sa.JSON))


def downgrade() -> None:
    op.drop_column("runs", "end_sentence")
    for table in ("judgements", "studies"):
        op.drop_column(table, "reason_sentence")
