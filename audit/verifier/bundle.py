"""Make one readable file of the verifier: `python -I audit/verifier/bundle.py [OUT]`.

The modules follow each other in the order in which they need each other, word for word as they
are; only their imports of each other go, and those of the standard library move to the top. So no
name may stand at the top level of two modules: that is checked. Same modules, same bytes.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FIRST, LAST = "strict", "command"
LEFT_OUT = frozenset({"__init__", "__main__", "bundle"})

_HEAD = '''#!/usr/bin/env python3
"""Checks what a draw left behind, with nothing but Python 3.11 or newer: no network, no set-up.

    python -I verify.py kit.zip
    python -I verify.py --help

{told}
"""
'''
_FOOT = """

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""
_RULE = "# " + "-" * 97


class NotOneFile(Exception):
    """The modules cannot be written one after the other."""


class Module:
    """The source of one module, taken apart."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.text = path.read_text(encoding="utf-8")
        tree = ast.parse(self.text)
        self.docstring = ast.get_docstring(tree) or ""
        self.needs: list[str] = []
        self.imports: list[tuple[str, str]] = []
        self.names: list[str] = []
        self._dropped: set[int] = set()
        for node in tree.body:
            self._take(node)
        for inner in ast.walk(tree):
            if isinstance(inner, ast.ImportFrom | ast.Import) and inner not in tree.body:
                raise NotOneFile(f"{self.name} imports inside of a function")

    def body(self) -> str:
        """The source without its docstring and imports."""
        lines = self.text.splitlines()
        kept = [line for number, line in enumerate(lines, 1) if number not in self._dropped]
        return "\n".join(kept).strip("\n")

    def _take(self, node: ast.stmt) -> None:
        match node:
            case ast.ImportFrom(level=1, module=str(module)):
                self.needs.append(module)
                list(_imported(node))
            case ast.ImportFrom(level=0) | ast.Import():
                self.imports.extend(_imported(node))
            case ast.Expr(value=ast.Constant(value=str())):
                pass
            case ast.FunctionDef() | ast.ClassDef():
                self.names.append(node.name)
                return
            case ast.Assign() | ast.AnnAssign():
                self.names.extend(_assigned(node))
                return
            case _:
                raise NotOneFile(f"{self.name}, line {node.lineno}: this does not belong there")
        self._dropped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def bundle(folder: Path) -> str:
    """The program in `folder` as the text of one file."""
    modules = {
        path.stem: Module(path) for path in sorted(folder.glob("*.py")) if path.stem not in LEFT_OUT
    }
    owners: dict[str, str] = {}
    for module in modules.values():
        for name in module.names:
            if owners.setdefault(name, module.name) != module.name:
                raise NotOneFile(f"{name} stands in {owners[name]} and in {module.name}")
    imports = {found for module in modules.values() for found in module.imports}
    told = modules[LAST].docstring
    parts = [_HEAD.format(told=told), "from __future__ import annotations\n"]
    parts.extend(_import_lines(imports))
    for module in _in_order(modules):
        told_lines = [f"# {line}".rstrip() for line in module.docstring.splitlines()]
        parts.append("\n".join(["", "", _RULE, f"# {module.name}.py", "#", *told_lines, _RULE, ""]))
        parts.append(module.body())
    return "\n".join(parts) + "\n" + _FOOT


def _in_order(modules: dict[str, Module]) -> Iterator[Module]:
    """Every module after those that it needs."""
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> Iterator[Module]:
        if name in above:
            raise NotOneFile(f"{name} needs itself")
        if name in done:
            return
        for needed in modules[name].needs:
            yield from visit(needed, (*above, name))
        done.add(name)
        yield modules[name]

    for name in (FIRST, *sorted(modules)):
        yield from visit(name, ())


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Module and name of each import; the name is empty where the module itself is imported."""
    for alias in node.names:
        if alias.asname:
            raise NotOneFile(f"line {node.lineno} gives what it imports another name")
        if isinstance(node, ast.ImportFrom):
            yield str(node.module), alias.name
        else:
            yield alias.name, ""


def _import_lines(imports: set[tuple[str, str]]) -> Iterator[str]:
    yield from (f"import {module}" for module, name in sorted(imports) if not name)
    for module in sorted({module for module, name in imports if name and module != "__future__"}):
        names = ", ".join(name for owner, name in sorted(imports) if owner == module and name)
        yield f"from {module} import {names}"


def _assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        for part in ast.walk(target):
            if isinstance(part, ast.Name):
                yield part.id


if __name__ == "__main__":
    written = bundle(Path(__file__).resolve().parent)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(written, encoding="utf-8", newline="\n")
    else:
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        sys.stdout.write(written)
