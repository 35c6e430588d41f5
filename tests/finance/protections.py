"""Every protection the database gives finance's tables, and for each a statement it must refuse.

They are read from the catalogue, so that a new one cannot be forgotten: what is found and has no
probe is an error. A probe is looked for: rows that a CHECK refuses, two rows that a UNIQUE refuses,
a row that names nothing, a change of what never changes, a row that leaves no line in the log, a
deed the application's role has no right to. All other protections of the table are taken away
first, so that what refuses is the one in question; then it is taken away too, and the same
statement must pass. Everything happens in transactions that are rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors, sql

Owner = psycopg.Connection[tuple[object, ...]]
KINDS = {"c": "CHECK", "u": "UNIQUE", "p": "UNIQUE", "f": "FOREIGN KEY", "x": "EXCLUDE"}
NEVER = "evidence_never_changes"
LOG = "audit_log_row"
SAMPLES = {
    "bool": ["true", "false"],
    "int2": ["0", "1", "-1", "7"],
    "int4": ["0", "1", "-1", "7"],
    "int8": ["0", "1", "-1", "7", "100000"],
    "numeric": ["0", "1", "-1"],
    "float8": ["0", "1", "-1"],
    "date": ["2026-11-01", "2026-11-15", "2026-11-30", "2026-12-31"],
    "timestamptz": ["2026-11-01 00:00+00", "2026-11-15 00:00+00"],
    "uuid": ["00000000-0000-7000-8000-000000000001"],
    "bytea": ["\\x", "\\x00", "\\x" + "11" * 32],
    "jsonb": ["{}", "[]", "[1]"],
    "json": ["{}"],
    "_text": ["{}", "{a}"],
    "_varchar": ["{}", "{a}"],
    "_int8": ["{}", "{1}"],
}
WORDS = ["", "A", "a:b", "2026-11", "1", "x" * 64]
MOST_COMBINATIONS = 20_000


@dataclass(frozen=True)
class Column:
    """A column and its type."""

    name: str
    type: str
    base: str

    def samples(self, words: list[str]) -> list[str]:
        """Values to try, those first that the protection itself names."""
        known = SAMPLES.get(self.base, WORDS)
        named = [word for word in words if self._takes(word)]
        return list(dict.fromkeys([*named, *known]))

    @property
    def sample(self) -> str:
        """One value that fits anywhere."""
        return SAMPLES.get(self.base, ["A"])[-1]

    def _takes(self, word: str) -> bool:
        if self.base in {"int2", "int4", "int8", "numeric", "float8"}:
            return re.fullmatch(r"-?\d+", word) is not None
        return self.base not in SAMPLES


@dataclass(frozen=True)
class Protection:
    """One CHECK, UNIQUE, EXCLUDE, foreign key, trigger or right withheld."""

    kind: str
    table: str
    name: str
    text: str
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.table}.{self.name}"


@dataclass(frozen=True)
class Outcome:
    """Whether the probe was refused while the protection stood, and passed without it."""

    protection: Protection
    probe: str
    refused_with: bool
    passed_without: bool

    @property
    def is_proved(self) -> bool:
        """The probe tells the two apart."""
        return self.refused_with and self.passed_without


class NoProbe(Exception):
    """Nothing was found that this protection refuses."""


def tables(owner: Owner) -> list[str]:
    """The tables of finance, partitions too."""
    rows = owner.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace ="
        " 'public'::regnamespace AND relname LIKE 'finance\\_%' ORDER BY relname"
    )
    return [str(row[0]) for row in rows]


def constraints(owner: Owner) -> list[Protection]:
    """Constraints and unique indexes; what a partition has from its parent counts there."""
    rows = owner.execute(
        """
        SELECT c.contype::text, t.relname, c.conname, pg_get_constraintdef(c.oid),
               ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(number, n)
                       JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
                      ORDER BY k.n)
          FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
         WHERE t.relname LIKE 'finance\\_%' AND t.relkind IN ('r', 'p')
           AND c.contype IN ('c', 'u', 'p', 'f', 'x') AND c.conparentid = 0 AND c.coninhcount = 0
         UNION ALL
        SELECT 'u', t.relname, i.relname, pg_get_indexdef(i.oid),
               ARRAY(SELECT a.attname::text FROM unnest(x.indkey) WITH ORDINALITY k(number, n)
                       JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
                      ORDER BY k.n)
          FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
          JOIN pg_class t ON t.oid = x.indrelid
         WHERE t.relname LIKE 'finance\\_%' AND x.indisunique AND NOT i.relispartition
           AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.oid)
         ORDER BY 2, 3
        """
    ).fetchall()
    return [
        Protection(KINDS[str(kind)], str(table), str(name), str(text), _words(columns))
        for kind, table, name, text, columns in rows
    ]


def triggers(owner: Owner) -> list[Protection]:
    """Triggers of our own; the text is that of their function."""
    rows = owner.execute(
        """
        SELECT t.relname, g.tgname, p.proname, pg_get_functiondef(p.oid), pg_get_triggerdef(g.oid)
          FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid JOIN pg_proc p ON p.oid = g.tgfoid
         WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND t.relname LIKE 'finance\\_%'
         ORDER BY 1, 2
        """
    ).fetchall()
    return [
        Protection("TRIGGER", str(row[0]), str(row[1]), str(row[3]), (str(row[2]), str(row[4])))
        for row in rows
    ]


def withheld(owner: Owner, app: str) -> list[Protection]:
    """The rights the application's role does not have: on tables, columns and functions."""
    found = []
    rows = owner.execute(
        """
        SELECT t.relname, r.privilege
          FROM pg_class t
         CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) r(privilege)
         WHERE t.relname LIKE 'finance\\_%%' AND t.relkind IN ('r', 'p')
           AND NOT has_table_privilege(%(app)s, t.oid, r.privilege)
           AND NOT (r.privilege = 'UPDATE' AND has_any_column_privilege(%(app)s, t.oid, 'UPDATE'))
         ORDER BY 1, 2
        """,
        {"app": app},
    ).fetchall()
    found += [Protection("RIGHT", str(row[0]), str(row[1]), "") for row in rows]
    rows = owner.execute(
        """
        SELECT t.relname, a.attname
          FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0
         WHERE t.relname LIKE 'finance\\_%%' AND t.relkind = 'r' AND NOT a.attisdropped
           AND has_any_column_privilege(%(app)s, t.oid, 'UPDATE')
           AND NOT has_column_privilege(%(app)s, t.oid, a.attnum, 'UPDATE')
         ORDER BY 1, 2
        """,
        {"app": app},
    ).fetchall()
    found += [Protection("RIGHT", str(row[0]), f"UPDATE ({row[1]})", str(row[1])) for row in rows]
    rows = owner.execute(
        """
        SELECT p.proname, pg_get_function_identity_arguments(p.oid), p.oid::regprocedure::text,
               ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t)
          FROM pg_proc p
         WHERE p.proname LIKE 'finance\\_%%' AND p.prorettype <> 'trigger'::regtype
           AND NOT has_function_privilege(%(app)s, p.oid, 'EXECUTE')
         ORDER BY 1
        """,
        {"app": app},
    ).fetchall()
    found += [
        Protection("RIGHT", str(name), "EXECUTE", str(signature), _words(types))
        for name, _arguments, signature, types in rows
    ]
    return found


def _words(array: Any) -> tuple[str, ...]:
    return tuple(map(str, array))


def prove(owner: Owner, protection: Protection) -> Outcome:
    """Probe a constraint or a plain trigger with and without it."""
    act, probe = _probe(owner, protection)
    with undone(owner):
        _alone(owner, protection)
        refused_by = _refusal(owner, act)
    with undone(owner):
        _alone(owner, protection)
        _drop(owner, protection)
        passed = _refusal(owner, act) == ""
    return Outcome(protection, probe, _is_named(protection, refused_by), passed)


def prove_right(owner: Owner, app: psycopg.Connection, right: Protection, role: str) -> Outcome:
    """Try as the application what it has no right to; then give it the right."""
    statement = _forbidden(owner, right)
    before = _permission_denied(app, statement)
    owner.execute(_granting(right, "GRANT", "TO", role))
    try:
        after = _permission_denied(app, statement)
    finally:
        owner.execute(_granting(right, "REVOKE", "FROM", role))
    return Outcome(right, statement, before, not after)


@contextmanager
def undone(owner: Owner) -> Iterator[None]:
    """What happens inside is rolled back."""
    with owner.transaction(force_rollback=True):
        yield


def is_plain(trigger: Protection) -> bool:
    """Whether a trigger keeps evidence as it is, or logs it: those are probed here."""
    return trigger.columns[0] in {NEVER, LOG}


def refusals(trigger: Protection) -> set[str]:
    """The names by which the function of a trigger refuses."""
    of_the_table = re.findall(r"CONSTRAINT = TG_TABLE_NAME \|\| '([a-z0-9_]+)'", trigger.text)
    return {
        *re.findall(r"CONSTRAINT = '([a-z0-9_]+)'", trigger.text),
        *(f"{trigger.table}{rest}" for rest in of_the_table),
    }


def _probe(owner: Owner, protection: Protection) -> tuple[Callable[[], None], str]:
    makers = {
        "CHECK": _breaking_check,
        "UNIQUE": _twice,
        "EXCLUDE": _twice,
        "FOREIGN KEY": _naming_nothing,
        "TRIGGER": _changing if protection.columns[:1] == (NEVER,) else _unlogged,
    }
    return makers[protection.kind](owner, protection)


def _breaking_check(owner: Owner, check: Protection) -> tuple[Callable[[], None], str]:
    expression = _one(
        owner,
        "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = %s"
        " AND conrelid = %s::regclass",
        check.name,
        check.table,
    )
    row = _row_where(owner, check, f"({expression}) IS FALSE", check.columns)
    return _inserting(owner, check.table, [row])


def _twice(owner: Owner, unique: Protection) -> tuple[Callable[[], None], str]:
    predicate = _one(
        owner,
        "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = %s::regclass",
        unique.name,
    )
    named = tuple(
        column.name
        for column in _columns(owner, unique.table)
        if column.name in unique.columns or re.search(rf"\b{column.name}\b", unique.text)
    )
    full = " AND ".join(f'"{name}" IS NOT NULL' for name in unique.columns) or "true"
    row = _row_where(owner, unique, f"({predicate or 'true'}) AND {full}", named)
    return _inserting(owner, unique.table, [row, row])


def _naming_nothing(owner: Owner, key: Protection) -> tuple[Callable[[], None], str]:
    types = {column.name: column for column in _columns(owner, key.table)}
    row = {
        name: "-1" if types[name].base.startswith("int") else types[name].sample
        for name in key.columns
    }
    return _inserting(owner, key.table, [row])


def _changing(owner: Owner, trigger: Protection) -> tuple[Callable[[], None], str]:
    insert, _text = _inserting(owner, trigger.table, [_full_row(owner, trigger.table)])
    first = _columns(owner, trigger.table)[1].name
    statement = f"DELETE FROM {trigger.table}"  # noqa: S608 - names of the catalogue
    if "UPDATE" in trigger.columns[1]:
        statement = f'UPDATE {trigger.table} SET "{first}" = "{first}"'  # noqa: S608 - as above

    def act() -> None:
        insert()
        owner.execute(statement)

    return act, statement


class NotLogged(psycopg.errors.CheckViolation):
    """A row came in and the log says nothing of it."""


def _unlogged(owner: Owner, trigger: Protection) -> tuple[Callable[[], None], str]:
    insert, text = _inserting(owner, trigger.table, [_full_row(owner, trigger.table)])

    def act() -> None:
        before = _one(owner, "SELECT count(*) FROM audit_entry")
        insert()
        if _one(owner, "SELECT count(*) FROM audit_entry") != before:
            raise NotLogged

    return act, f"{text}: a line in the log"


def _inserting(
    owner: Owner, table: str, rows: list[dict[str, str]]
) -> tuple[Callable[[], None], str]:
    def act() -> None:
        for row in rows:
            owner.execute(
                sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
                    sql.Identifier(table),
                    sql.SQL(", ").join(map(sql.Identifier, row)),
                    sql.SQL(", ").join(sql.Literal(value) for value in row.values()),
                )
            )
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")

    shown = ", ".join(f"{name}={value[:24]!r}" for name, value in rows[0].items())
    return act, f"INSERT {table} ({shown}){' twice' if len(rows) > 1 else ''}"


def _row_where(
    owner: Owner, protection: Protection, condition: str, names: tuple[str, ...]
) -> dict[str, str]:
    """Values of these columns for which the condition holds, found among likely ones."""
    types = {column.name: column for column in _columns(owner, protection.table)}
    words = re.findall(r"'((?:[^']|'')*)'", protection.text)
    numbers = [int(one) for one in re.findall(r"(?<![\w'])-?\d+(?![\w'])", protection.text)]
    words += [str(one + more) for one in numbers for more in (-1, 0, 1)]
    parts, most = [], 1
    for name in names:
        column = types[name]
        tried: list[str | None] = [*column.samples(words), None]
        room = max(MOST_COMBINATIONS // most, 2)
        tried = [*tried[: room - 1], None]
        most *= len(tried)
        kind = sql.SQL(column.type)
        values = (sql.SQL("({}::{})").format(sql.Literal(one), kind) for one in tried)
        parts.append(
            sql.SQL("(VALUES {}) AS {}({})").format(
                sql.SQL(", ").join(values), sql.Identifier(f"of_{name}"), sql.Identifier(name)
            )
        )
    query = sql.SQL("SELECT {} FROM {} WHERE {} LIMIT 1").format(
        sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names),
        sql.SQL(", ").join(parts),
        sql.SQL(condition),
    )
    found = owner.execute(query).fetchone()
    if found is None:
        raise NoProbe(str(protection))
    return {name: str(value) for name, value in zip(names, found, strict=True) if value is not None}


def _full_row(owner: Owner, table: str) -> dict[str, str]:
    return {column.name: column.sample for column in _columns(owner, table)}


def _columns(owner: Owner, table: str) -> list[Column]:
    rows = owner.execute(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typname FROM pg_attribute a"
        " JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped"
        " AND a.attgenerated = '' ORDER BY a.attnum",
        [table],
    )
    return [Column(str(row[0]), str(row[1]), str(row[2])) for row in rows]


def _alone(owner: Owner, protection: Protection) -> None:
    """Take away every other protection of the table."""
    table = protection.table
    owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    if protection.kind == "TRIGGER":
        owner.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {protection.name}")
    others = [one for one in constraints(owner) if one.table == table and one != protection]
    if protection.kind == "FOREIGN KEY":  # it may point to a key of its own table
        others = [one for one in others if one.kind != "UNIQUE"]
    for one in sorted(others, key=lambda one: one.kind != "FOREIGN KEY"):
        _drop(owner, one)
    for column in _columns(owner, table):
        if column.name not in protection.columns or protection.kind != "UNIQUE":
            _allow_nothing(owner, table, column.name)


def _allow_nothing(owner: Owner, table: str, column: str) -> None:
    try:
        with owner.transaction():
            owner.execute(f'ALTER TABLE {table} ALTER "{column}" DROP NOT NULL')
    except (errors.InvalidTableDefinition, errors.ObjectNotInPrerequisiteState, errors.SyntaxError):
        pass  # of an identity, or of a key that stands


def _drop(owner: Owner, protection: Protection) -> None:
    name, table = protection.name, protection.table
    if protection.kind == "TRIGGER":
        owner.execute(f"DROP TRIGGER {name} ON {table}")
    elif "INDEX" in protection.text.split()[:3]:
        owner.execute(f"DROP INDEX {name} CASCADE")
    else:
        owner.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE')


def _refusal(owner: Owner, act: Callable[[], None]) -> str:
    """The name by which the deed is refused, or nothing."""
    try:
        with owner.transaction(force_rollback=True):
            act()
    except NotLogged:
        return LOG
    except psycopg.Error as exc:
        return exc.diag.constraint_name or f"{type(exc).__name__}: {exc}"
    return ""


def _is_named(protection: Protection, refused_by: str) -> bool:
    if protection.kind != "TRIGGER":  # of a partition it has the partition's name
        of_any = protection.name.replace(protection.table, rf"{protection.table}(_\w+)?", 1)
        return re.fullmatch(of_any, refused_by) is not None
    if protection.columns[0] == LOG:
        return refused_by == LOG
    return re.fullmatch(rf"{protection.table}(_\w+)?_never_changes", refused_by) is not None


def _forbidden(owner: Owner, right: Protection) -> str:
    if right.name == "EXECUTE":
        nothing = ", ".join(f"NULL::{one}" for one in right.columns)
        return f"SELECT {right.table}({nothing})"
    first = right.text or _columns(owner, right.table)[1].name
    return {
        "INSERT": f"INSERT INTO {right.table} DEFAULT VALUES",
        "DELETE": f"DELETE FROM {right.table} WHERE false",  # noqa: S608 - as above
        "TRUNCATE": f"TRUNCATE {right.table}",
    }.get(right.name, f'UPDATE {right.table} SET "{first}" = DEFAULT WHERE false')  # noqa: S608


def _granting(right: Protection, verb: str, word: str, role: str) -> str:
    if right.name == "EXECUTE":
        return f"{verb} EXECUTE ON FUNCTION {right.text} {word} {role}"
    return f"{verb} {right.name} ON {right.table} {word} {role}"


def _permission_denied(app: psycopg.Connection, statement: str) -> bool:
    try:
        with app.transaction(force_rollback=True):
            app.execute(statement)
    except errors.InsufficientPrivilege as exc:
        return "permission denied" in str(exc)
    except psycopg.Error:
        return False
    return False


def _one(owner: Owner, query: str, *params: object) -> object:
    row = owner.execute(query, params).fetchone()
    return row[0] if row else None
