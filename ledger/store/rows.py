"""Registers inside a transaction: read from the database, changes kept until they are posted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, insert, select, update

from ledger.registers.rows import R, Row, key_names, key_of


class StoreRows:
    """Rows of one transaction. Nothing is written before `flush`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: dict[tuple[type[Row], tuple[Any, ...]], Row | None] = {}
        self._changed: dict[tuple[type[Row], tuple[Any, ...]], Row] = {}
        self._stored: set[tuple[type[Row], tuple[Any, ...]]] = set()

    def get(self, table: type[R], *key: str | int) -> R | None:
        """The row with this primary key, or None."""
        place = (table, key)
        if place not in self._seen:
            names = key_names(table)
            found = self._select(table, dict(zip(names, key, strict=True)))
            self._seen[place] = found[0] if found else None
        return self._seen[place]  # type: ignore[return-value]

    def put(self, row: Row) -> None:
        """Write a row, new or changed."""
        place = (type(row), key_of(row))
        self.get(type(row), *key_of(row))  # so that flush knows whether it is stored
        self._seen[place] = row
        self._changed[place] = row

    def where(self, table: type[R], **equal: str | int) -> list[R]:
        """The rows whose columns equal these values, in order of primary key."""
        found = {key_of(row): row for row in self._select(table, equal)}
        for (other, key), row in self._changed.items():
            if other is table:
                found.pop(key, None)
                if all(getattr(row, name) == value for name, value in equal.items()):
                    found[key] = row  # type: ignore[assignment]
        return [row for _, row in sorted(found.items())]

    def flush(self) -> None:
        """Write every changed row: update what was stored, insert what is new."""
        new: dict[type[Row], list[dict[str, Any]]] = {}
        for (table, key), row in self._changed.items():
            if (table, key) in self._stored:
                self._connection.execute(
                    update(table)
                    .where(
                        and_(
                            *(
                                getattr(table, name) == value
                                for name, value in zip(key_names(table), key, strict=True)
                            )
                        )
                    )
                    .values(row.model_dump())
                )
            else:
                new.setdefault(table, []).append(row.model_dump())
        for table, rows in new.items():
            self._connection.execute(insert(table), rows)
        self._stored.update(self._changed)
        self._changed.clear()

    def _select(self, table: type[R], equal: dict[str, str | int]) -> list[R]:
        statement = select(*table.__table__.columns)  # type: ignore[attr-defined]
        for name, value in equal.items():
            statement = statement.where(getattr(table, name) == value)
        statement = statement.order_by(*(getattr(table, name) for name in key_names(table)))
        rows: list[R] = []
        for mapping in self._connection.execute(statement).mappings():
            row = table(**mapping)
            place = (table, key_of(row))
            self._stored.add(place)
            seen = self._seen.setdefault(place, row)
            rows.append(row if seen is None else seen)  # type: ignore[arg-type]
        return rows
