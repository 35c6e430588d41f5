"""One kind of row that proves something, and the deeds that are done to it."""

# ruff: noqa: S608 - all SQL here is made of the names of things
from __future__ import annotations

from dataclasses import dataclass

DEEDS = ("edit", "delete", "back-date", "forge")
LATER = "interval '1 hour'"
MADE_UP = "900000001"


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One kind of row. `victim` yields its `pk`, `key` says under which name it is found.

    `edit` and `dated` are SET clauses, "" where there is no such column; `forged` are columns of
    the made-up copy that unique constraints would catch first, and `forged_key` is how it is named
    if not like the row it is a copy of.
    What one attack would hide from another goes into another `round`.
    """

    name: str
    table: str
    pk: str = "id"
    victim: str
    kind: str
    key: str = "x.id::text"
    edit: str
    dated: str = ""
    forged: str
    forged_key: str = "x"
    deleted_key: str = ""  # SQL: what is named where a row is gone, if not the row
    app_forges: str = ""  # where the application may not even read what it would copy
    also: str = ""  # the kind under whose name alone it may be found too
    round: int = 1

    @property
    def deeds(self) -> tuple[str, ...]:
        """The deeds there are: what has no time cannot be dated back."""
        return tuple(deed for deed in DEEDS if deed != "back-date" or self.dated)

    def statement(self, deed: str, victim: int | None = None) -> str:
        """The deed in SQL, on the victim, or on the row with this key that was found before."""
        where = f"WHERE x.{self.pk} = ({self.victim if victim is None else victim})"
        if deed == "delete":
            return f"DELETE FROM {self.table} x {where}"
        if deed == "forge":
            return (
                f"INSERT INTO {self.table} OVERRIDING SYSTEM VALUE"
                f" SELECT (jsonb_populate_record(NULL::{self.table},"
                f" to_jsonb(x) || jsonb_build_object({self.forged}))).* FROM {self.table} x {where}"
            )
        changes = self.edit if deed == "edit" else self.dated
        return f"UPDATE {self.table} x SET {changes} {where}"

    def named(self, deed: str) -> str:
        """SQL for the name under which the deed must be found, asked before it is done."""
        if deed == "delete" and self.deleted_key:
            return (
                f"SELECT {self.deleted_key} FROM {self.table} x WHERE x.{self.pk} = ({self.victim})"
            )
        if deed == "forge" and self.forged_key.startswith("SELECT"):
            return self.forged_key
        if deed == "forge" and self.forged_key != "x":
            return f"SELECT '{self.forged_key}'"
        return f"SELECT {self.key} FROM {self.table} x WHERE x.{self.pk} = ({self.victim})"
