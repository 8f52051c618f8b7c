"""The first schema: runs, frames, events, series with their pyramid, histograms."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _run() -> sa.Column[str]:
    return sa.Column("run", sa.String(20), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    _create_runs()
    _create_what_trainers_send()
    _create_series()
    _create_histograms()


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("execution", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False, index=True),
        sa.Column("end_reason", sa.Text),
        sa.Column("created", sa.Float, nullable=False, index=True),
        sa.Column("started", sa.Float),
        sa.Column("ended", sa.Float),
        sa.Column("step", sa.Float),
        sa.Column("layers", sa.JSON, nullable=False),
        sa.Column("latest", sa.JSON, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("folded", sa.Integer, nullable=False),
        sa.Column("ingest_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("pid", sa.Integer),
        sa.Column("pid_started", sa.Float),
        sa.Column("request_key", sa.String(200), unique=True),
        sa.Column("request_hash", sa.String(64)),
    )
    op.create_index("runs_by_age", "runs", [sa.text("created DESC"), "id"])


def _create_what_trainers_send() -> None:
    op.create_table(
        "frames",
        _run(),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("run", "attempt", "last"),
    )
    op.create_table(
        "events",
        _run(),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("step", sa.Float, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("time", sa.Float, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.UniqueConstraint("run", "attempt", "seq"),
    )


def _create_series() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True),
        _run(),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("first", sa.Float, nullable=False),
        sa.Column("last", sa.Float, nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.UniqueConstraint("run", "name"),
    )
    op.create_table(
        "chunks",
        sa.Column("series", sa.Integer, sa.ForeignKey("series.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("level", sa.Integer, primary_key=True),
        sa.Column("chunk", sa.Integer, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


def _create_histograms() -> None:
    op.create_table(
        "tracks",
        sa.Column("id", sa.Integer, primary_key=True),
        _run(),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("layer", sa.String(200), nullable=False),
        sa.Column("stride", sa.Integer, nullable=False),
        sa.Column("columns", sa.Integer, nullable=False),
        sa.UniqueConstraint("run", "kind", "layer"),
    )
    op.create_table(
        "histograms",
        sa.Column("track", sa.Integer, sa.ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("first", sa.Float, nullable=False),
        sa.Column("last", sa.Float, nullable=False),
        sa.Column("measured", sa.Integer, nullable=False),
        sa.Column("bins", sa.LargeBinary, nullable=False),
        sa.Column("counts", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    for table in ("histograms", "tracks", "chunks", "series", "events", "frames", "runs"):
        op.drop_table(table)
