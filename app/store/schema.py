"""The tables. `migrations/` brings a database to exactly this schema."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()


def _owner() -> Column[str]:
    return Column("run", String(20), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False)


runs = Table(
    "runs",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("notes", Text, nullable=False),
    Column("spec", JSON, nullable=False),
    Column("version", String(32), nullable=False),
    Column("execution", String(32), nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("end_reason", Text),
    Column("end_sentence", JSON(none_as_null=True)),  # as `app.store.sentences` stores it
    Column("created", Float, nullable=False, index=True),
    Column("started", Float),
    Column("ended", Float),
    Column("step", Float),
    Column("layers", JSON, nullable=False),
    Column("latest", JSON, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("seq", Integer, nullable=False),  # the last stored message of this attempt
    Column("folded", Integer, nullable=False),  # the last message that the history below contains
    Column("ingest_hash", String(64), nullable=False, unique=True),
    Column("pid", Integer),
    Column("pid_started", Float),
    Column("request_key", String(200), unique=True),
    Column("request_hash", String(64)),
    Column("parent", String(20)),  # the run that this one was forked from; it may be deleted
    Column("forked_at", Float),
    Column("diagnosis", JSON, nullable=False, server_default="[]"),  # findings that are not over
    Column("study", String(20)),
    Column("cell", Integer),
)

#: Received frames. Those after `runs.folded` are not in the history yet; some older ones are kept for replay.
frames = Table(
    "frames",
    metadata,
    _owner(),
    Column("attempt", Integer, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    UniqueConstraint("run", "attempt", "last"),
)

events = Table(
    "events",
    metadata,
    _owner(),
    Column("attempt", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("step", Float, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("time", Float, nullable=False),
    Column("data", JSON, nullable=False),
    UniqueConstraint("run", "attempt", "seq"),
)

series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    _owner(),
    Column("name", String(300), nullable=False),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False),
    Column("points", Integer, nullable=False),
    UniqueConstraint("run", "name"),
)

#: `level` is an index of `pyramid.WIDTHS`: 0 holds points, the others buckets of that many steps.
chunks = Table(
    "chunks",
    metadata,
    Column("series", Integer, ForeignKey("series.id", ondelete="CASCADE"), primary_key=True),
    Column("level", Integer, primary_key=True),
    Column("chunk", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

#: One layer's histograms of one kind over time. `stride` measured steps share a column.
tracks = Table(
    "tracks",
    metadata,
    Column("id", Integer, primary_key=True),
    _owner(),
    Column("kind", String(32), nullable=False),
    Column("layer", String(200), nullable=False),
    Column("stride", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    UniqueConstraint("run", "kind", "layer"),
)

histograms = Table(
    "histograms",
    metadata,
    Column("track", Integer, ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False),
    Column("measured", Integer, nullable=False),
    Column("bins", LargeBinary, nullable=False),
    Column("counts", LargeBinary, nullable=False),
)

#: Arrays that are read whole, one per step; a name keeps at most `matrices.MAX_STEPS` of them.
matrices = Table(
    "matrices",
    metadata,
    Column("run", String(20), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("step", Float, primary_key=True),
    Column("shape", JSON, nullable=False),
    Column("meta", JSON, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

#: Executions of the notes' experiments, one row each. `founds`: the result of each seed; `runs`: seed → arm → run.
judgements = Table(
    "judgements",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("claim", String(8), nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("reason_sentence", JSON(none_as_null=True)),
    Column("created", Float, nullable=False),
    Column("started", Float),  # the time when it started to run
    Column("ended", Float),
    Column("quick", Boolean, nullable=False),
    Column("seeds", JSON, nullable=False),
    Column("founds", JSON, nullable=False),
    Column("runs", JSON, nullable=False),
    Column("outcome", String(16)),
    Column("version", String(32), nullable=False),
)

#: A base spec, axes over its fields (path → values, in order) and seeds. Its progress is read from its runs.
studies = Table(
    "studies",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("notes", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("reason_sentence", JSON(none_as_null=True)),
    Column("created", Float, nullable=False, index=True),
    Column("ended", Float),
    Column("base", JSON, nullable=False),
    Column("axes", JSON, nullable=False),
    Column("seeds", JSON, nullable=False),
    Column("version", String(32), nullable=False),
    Column("request_key", String(200), unique=True),
    Column("request_hash", String(64)),
)

#: One combination of the axes' values: its full spec without the seed, or why it can't be run.
cells = Table(
    "cells",
    metadata,
    Column("study", String(20), ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("values", JSON, nullable=False),
    Column("spec", JSON(none_as_null=True)),
    Column("refused", JSON(none_as_null=True)),
)

Index("runs_by_study", runs.c.study, runs.c.cell)
Index("runs_by_age", runs.c.created.desc(), runs.c.id)
