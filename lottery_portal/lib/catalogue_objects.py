"""The objects of a database, made out of the rows of its catalogue: names instead of numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .catalogue_rows import Rows

Row = Mapping[str, Any]

TEMPORARY = ("pg_toast", "pg_temp_")
TABLES = "rpvmfc"
ENABLED = {"O": "on", "A": "always on", "D": "off", "R": "replica only"}
# What a role may be. Making databases is none of the owner's dangers: tests need it.
POWERS = {
    "rolsuper": "superuser", "rolbypassrls": "passes row security", "rolcreaterole": "makes roles",
    "rolcreatedb": "makes databases", "rolreplication": "replicates", "rolcanlogin": "logs in",
    "rolinherit": "inherits",
}  # fmt: skip
NO_MATTER = {("owner", "rolcreatedb")}
# Settings by which a role or a database is tuned, not told to do otherwise.
TUNING = (
    "log_", "auto_explain.", "pg_stat_statements.", "enable_", "jit", "work_mem",
    "maintenance_work_mem", "effective_", "random_page_cost", "seq_page_cost", "max_parallel",
    "statement_timeout", "lock_timeout", "idle_", "tcp_", "temp_buffers", "timezone",
)  # fmt: skip


@dataclass(frozen=True)
class Object:
    """An object by kind and name; `state` is what a person must see at once.

    In a partition, `like` is the name of the same object in its table.
    """

    kind: str
    name: str
    state: str
    facts: Row
    like: str = ""


@dataclass(frozen=True)
class Part:
    """An object of a table, by its name in it, or in the table that this is a partition of."""

    kind: str
    name: str
    state: str
    facts: Row


class Objects:
    """What there is, in the rows of one reading; in those of partitions, `beside` what lasts."""

    def __init__(
        self,
        rows: Mapping[str, Rows],
        *,
        app: str = "",
        owner: str = "",
        beside: Objects | None = None,
    ) -> None:
        self._rows = rows
        self._beside = beside
        if beside is None:
            names = {row["oid"]: str(row["rolname"]) for row in rows["roles"]}
            self.roles = {oid: {app: "app", owner: "owner"}.get(n, n) for oid, n in names.items()}
            self.ours = {oid for oid, name in names.items() if name in {app, owner}}
            self.spaces = {row["oid"]: str(row["nspname"]) for row in rows["namespaces"]}
            self.named = {(row["kind"], row["oid"]): row["name"] for row in rows["named"]}
        else:
            self.roles, self.ours = beside.roles, beside.ours
            self.spaces, self.named = beside.spaces, beside.named
        classes = {
            row["oid"]: row
            for row in rows["classes"]
            if not self.spaces.get(row["relnamespace"], "").startswith(TEMPORARY)
        }
        columns: dict[int, dict[int, Row]] = defaultdict(dict)
        for row in rows["columns"]:
            columns[row["attrelid"]][row["attnum"]] = row
        parents = {row["inhrelid"]: row["inhparent"] for row in rows["inherits"]}
        constraints = {row["oid"]: row for row in rows["constraints"]}
        # All that is known, by identifier; what is told is in the rows alone.
        self.classes: Mapping[int, Row] = classes
        self.columns: Mapping[int, Mapping[int, Row]] = columns
        self.parents: Mapping[int, int] = parents
        self.constraints: Mapping[int, Row] = constraints
        if beside is not None:
            self.classes = {**beside.classes, **classes}
            self.columns = {**beside.columns, **columns}
            self.parents = {**beside.parents, **parents}
            self.constraints = {**beside.constraints, **constraints}
        self.parts = self._parts_of_tables()

    def found(self) -> Iterator[Object]:
        """All of them; no two have kind and name in common."""
        yield from self._of_tables()
        yield from self._grants()
        if self._beside is None:
            yield from self._sequences()
            yield from self._functions()
            yield from self._of_roles()
            yield from self._of_database()
            yield from self._others()

    # Names

    def _role(self, oid: int) -> str:
        if oid == 0:
            return "everybody"
        name = self.roles.get(oid, f"role {oid}")
        return "owner" if name == "pg_database_owner" else name

    def _in(self, space: int | None, name: str) -> str:
        known = self.spaces.get(space or 0, "")
        return name if known in {"public", ""} else f"{known}.{name}"

    def _class(self, oid: int) -> str:
        row = self.classes.get(oid)
        return (
            self._in(row["relnamespace"], row["relname"]) if row else f"table {oid}" if oid else ""
        )

    def _column_names(self, table: int, numbers: Iterable[int] | None) -> list[str]:
        columns = self.columns.get(table, {})
        return [
            str(columns[number]["attname"]) if number in columns else "(expression)"
            for number in numbers or ()
        ]

    # Tables and what belongs to them

    def _parts_of_tables(self) -> Mapping[int, Sequence[Part]]:
        parts: dict[int, list[Part]] = defaultdict(list)
        for row in self._rows["classes"]:
            if row["oid"] in self.classes and row["relkind"] in TABLES:
                parts[row["oid"]].append(self._table(row))
        for gather in (
            self._parts_columns,
            self._parts_constraints,
            self._parts_indexes,
            self._parts_triggers,
            self._parts_policies,
            self._parts_rules,
        ):
            for table, part in gather():
                parts[table].append(part)
        return parts

    def _all_parts(self, table: int) -> Sequence[Part]:
        lasting = self._beside.parts.get(table, ()) if self._beside else ()
        return [*lasting, *self.parts.get(table, ())]

    def _of_tables(self) -> Iterator[Object]:
        for table, all_parts in self.parts.items():
            parent = self.parents.get(table, 0)
            known = self._all_parts(parent)
            is_like = bool(self.classes[table]["relispartition"] and known)
            for part in _unlike(all_parts, known) if is_like else all_parts:
                name, like = (self._part(of, part) for of in (table, parent))
                yield Object(part.kind, name, part.state, part.facts, like if is_like else "")

    def _part(self, table: int, part: Part) -> str:
        return ".".join(filter(None, (self._class(table), part.name)))

    def _table(self, row: Row) -> Part:
        security = ("row security" + (" forced" if row["relforcerowsecurity"] else " not forced")
                    if row["relrowsecurity"] else "no row security")  # fmt: skip
        state = [security, f"owned by {self._role(row['relowner'])}"]
        if row["relpersistence"] != "p":
            state.append("not logged")
        parents = [] if row["relispartition"] else [self._class(self.parents.get(row["oid"], 0))]
        return Part(
            kind="table",
            name="",
            state=", ".join(state),
            facts={
                "kind": "r" if row["relkind"] == "p" else row["relkind"],
                "forced": row["relforcerowsecurity"],
                "replica identity": row["relreplident"],
                "options": sorted(row["reloptions"] or ()),
                "method": row["amname"] if row["relkind"] != "p" else "heap",
                "inherits": parents if any(parents) else [],
            },
        )

    def _parts_columns(self) -> Iterator[tuple[int, Part]]:
        for row in self._rows["columns"]:
            if row["attrelid"] in self.classes:
                state = str(row["type"]) + (" not null" if row["attnotnull"] else "")
                facts = _of(row, "attidentity", "attgenerated", "collname", "value")
                yield row["attrelid"], Part("column", row["attname"], state, facts)

    def _parts_constraints(self) -> Iterator[tuple[int, Part]]:
        for row in self._rows["constraints"]:
            table = row["conrelid"]
            if table not in self.classes or row["contype"] == "t":
                continue  # a constraint trigger is told as a trigger
            if row["conparentid"] and not self.classes[table]["relispartition"]:
                continue  # the part of a foreign key that concerns one partition of its target
            state = "" if row["convalidated"] else "not validated"
            if not row["conenforced"]:
                state = "not enforced"
            yield table, Part("constraint", self._constraint(row), state, self._rule(row))

    def _constraint(self, row: Row) -> str:
        """The name of a constraint; in a partition that of the table's it comes from."""
        while row["conparentid"] in self.constraints:
            row = self.constraints[row["conparentid"]]
        return str(row["conname"])

    def _rule(self, row: Row) -> Row:
        table, target = row["conrelid"], row["confrelid"]
        return {
            **_of(
                row, "contype", "condeferrable", "condeferred", "confupdtype", "confdeltype",
                "confmatchtype", "conperiod", "operators", "expression",
            ),
            "columns": self._column_names(table, row["conkey"]),
            "target": self._class(target),
            "target columns": self._column_names(target, row["confkey"]),
            "emptied": self._column_names(table, row["confdelsetcols"]),
        }  # fmt: skip

    def _parts_indexes(self) -> Iterator[tuple[int, Part]]:
        for row in self._rows["indexes"]:
            index = self.classes.get(row["indexrelid"])
            if index is None or row["indrelid"] not in self.classes:
                continue
            oid = row["indexrelid"]
            while oid in self.parents:
                oid = self.parents[oid]
            is_ready = row["indisvalid"] and row["indisready"] and row["indislive"]
            state = ("unique" if row["indisunique"] else "") + ("" if is_ready else " not valid")
            facts = {
                **_of(
                    row, "indisprimary", "indnullsnotdistinct", "indisexclusion", "indimmediate",
                    "indisreplident", "indnkeyatts", "options", "expressions", "predicate",
                ),
                "classes": [self.named["class", oid] for oid in row["classes"]],
                "collations": [self.named.get(("collation", oid)) for oid in row["collations"]],
                "columns": self._column_names(row["indrelid"], row["keys"]),
                "method": index["amname"],
                "index options": sorted(index["reloptions"] or ()),
            }  # fmt: skip
            name = str(self.classes[oid]["relname"]) if oid in self.classes else index["relname"]
            yield row["indrelid"], Part("index", name, state.strip(), facts)

    def _parts_triggers(self) -> Iterator[tuple[int, Part]]:
        for row in self._rows["triggers"]:
            table = row["tgrelid"]
            if table not in self.classes:
                continue
            function = self._in(row["pronamespace"], row["proname"])
            name = row["tgname"]
            of = self.constraints.get(row["tgconstraint"])
            if row["tgisinternal"]:  # those of foreign keys are named by numbers
                name = f"{self._constraint(of) if of else ''}:{row['proname']}"
                if of is not None and of["conrelid"] != table:
                    name = f"{self._class(of['conrelid'])}.{name}"
            facts = {
                **_of(
                    row, "tgtype", "tgdeferrable", "tginitdeferred", "arguments", "tgoldtable",
                    "tgnewtable",
                ),
                "function": function,
                "columns": self._column_names(table, row["keys"]),
                "definition": row["definition"],
            }  # fmt: skip
            state = ENABLED[row["tgenabled"]]
            yield table, Part("trigger", name, state, facts)

    def _parts_policies(self) -> Iterator[tuple[int, Part]]:
        for row in self._rows["policies"]:
            facts = {
                **_of(row, "polcmd", "polpermissive", "visible", "written"),
                "roles": sorted(self._role(oid) for oid in row["polroles"]),
            }
            yield row["polrelid"], Part("policy", row["polname"], "", facts)

    def _parts_rules(self) -> Iterator[tuple[int, Part]]:
        for row in self._rows["rules"]:
            if row["ev_class"] in self.classes:
                state = ENABLED[row["ev_enabled"]]
                facts = _of(row, "definition")
                yield row["ev_class"], Part("rule", row["rulename"], state, facts)

    def _sequences(self) -> Iterator[Object]:
        for row in self._rows["sequences"]:
            known = self.classes.get(row["seqrelid"])
            if known is not None:
                state = f"owned by {self._role(known['relowner'])}"
                facts = _of(
                    row, "seqstart", "seqincrement", "seqmax", "seqmin", "seqcache", "seqcycle",
                    "type",
                )  # fmt: skip
                yield Object("sequence", self._class(row["seqrelid"]), state, facts)

    # Functions, grants, roles

    def _function(self, row: Row) -> str:
        return f"{self._in(row['pronamespace'], row['proname'])}({', '.join(row['takes'])})"

    def _functions(self) -> Iterator[Object]:
        for row in self._rows["functions"]:
            state = [
                "as its owner" if row["prosecdef"] else "as its caller",
                f"owned by {self._role(row['proowner'])}",
                *sorted(row["proconfig"] or ()),
            ]
            facts = _of(
                row, "lanname", "procost", "prorows", "support", "prokind", "proleakproof",
                "proisstrict", "proretset", "provolatile", "proparallel", "prosrc", "probin",
                "proargnames", "proargmodes", "pronargs", "returns", "variadic", "every_type",
                "defaults", "body",
            )  # fmt: skip
            yield Object("function", self._function(row), "; ".join(state), facts)

    def _grants(self) -> Iterator[Object]:
        functions = {row["oid"]: self._function(row) for row in self._rows.get("functions", ())}
        given: dict[str, set[str]] = defaultdict(set)
        for row in self._rows["grants"]:
            right, to = str(row["privilege_type"]), self._role(row["grantee"])
            name = self._given(row, functions)
            if to != "owner" and name and (name, right) != ("database", "CONNECT"):
                # Who may connect is said by the server's own file as well.
                more = " and to give it" if row["is_grantable"] else ""
                given[f"{name} to {to}"].add(right + more)
        for name, rights in given.items():
            yield Object("grant", name, ", ".join(sorted(rights)), {})
        for row in self._rows.get("given_by_default", ()):
            to = self._role(row["grantee"])
            if to != "owner" and row["grantee"] != row["defaclrole"]:
                where = self._in(row["defaclnamespace"], row["defaclobjtype"])
                name = f"{where} of {self._role(row['defaclrole'])} to {to}"
                yield Object("default grant", f"{name}: {row['privilege_type']}", "", {})

    def _given(self, row: Row, functions: Mapping[int, str]) -> str:
        """What a right is on; "" for what is temporary."""
        if row["thing"] == "database":
            return "database"
        if row["thing"] == "schema":
            name = self.spaces[row["oid"]]
            return "" if name.startswith(TEMPORARY) else f"schema {name}"
        if row["thing"] == "function":
            return f"function {functions[row['oid']]}"
        if row["oid"] not in self.classes:
            return ""
        column = [row["part"]] if row["part"] else []
        return ".".join([self._class(row["oid"]), *self._column_names(row["oid"], column)])

    def _of_roles(self) -> Iterator[Object]:
        for row in self._rows["roles"]:
            name = self._role(row["oid"])
            for attribute, power in POWERS.items() if row["oid"] in self.ours else ():
                if (name, attribute) not in NO_MATTER:
                    yield Object("role", f"{name}: {power}", "yes" if row[attribute] else "no", {})
        for row in self._rows["members"]:
            does_something = row["inherit_option"] or row["set_option"]
            if self.ours & {row["member"], row["roleid"]} and does_something:
                name = f"{self._role(row['member'])} in {self._role(row['roleid'])}"
                yield Object("membership", name, "", {})
        yield from self._settings()

    def _settings(self) -> Iterator[Object]:
        for row in self._rows["settings"]:
            if row["setrole"] and row["setrole"] not in self.ours:
                continue
            of = f"of {self._role(row['setrole'])}"
            where = "this database" if row["is_of_this"] else "every database"
            for said in row["setconfig"]:
                name, _equals, value = said.partition("=")
                if not name.lower().startswith(TUNING):
                    yield Object("setting", f"{name} {of} in {where}", value, {})

    # The rest

    def _of_database(self) -> Iterator[Object]:
        for row in self._rows["database"]:
            yield Object("database", "database", f"owned by {self._role(row['datdba'])}", {})
        for row in self._rows["namespaces"]:
            name = row["nspname"]
            if not name.startswith(("pg_", "information_schema")):
                yield Object("schema", name, f"owned by {self._role(row['nspowner'])}", {})
        for row in self._rows["session"]:
            yield Object("session", row["name"], row["value"], {})

    def _others(self) -> Iterator[Object]:
        for row in self._rows["event_triggers"]:
            state = ENABLED[row["evtenabled"]]
            facts = {
                **_of(row, "evtevent", "evttags"),
                "function": self._in(row["pronamespace"], row["proname"]),
            }
            yield Object("event trigger", row["evtname"], state, facts)
        for row in self._rows["extensions"]:
            yield Object("extension", self._in(row["extnamespace"], row["extname"]), "", {})
        for row in self._rows["constraints"]:
            if row["contypid"]:
                name = f"domain {row['domain']}.{row['conname']}"
                yield Object("constraint", name, "", _of(row, "expression", "convalidated"))
        for row in self._rows["others"]:
            name = self._in(row["namespace"], row["name"])
            yield Object(row["kind"], name, "", _of(row, "definition"))


def _of(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _unlike(found: Sequence[Part], parent: Sequence[Part]) -> Iterator[Part]:
    """What of a partition is not as in its table, and what it lacks."""
    wanted = {(part.kind, part.name): part for part in parent}
    for part in found:
        if wanted.pop((part.kind, part.name), None) != part:
            yield part
    for part in wanted.values():
        yield Part(part.kind, part.name, "absent", {})
