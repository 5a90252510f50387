"""The tables of a store, described once for every database."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table

METADATA = MetaData()

ENTRY = Table(
    "entry",
    METADATA,
    Column("seq", BigInteger, nullable=False),
    Column("time", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

TILE = Table(
    "tile",
    METADATA,
    Column("level", Integer, nullable=False),
    Column("index", BigInteger, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
)

HEAD = Table(
    "head",
    METADATA,
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("last", String, nullable=False),
    Column("journal", BigInteger, nullable=False),
)
