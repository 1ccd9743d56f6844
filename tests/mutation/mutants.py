"""The mutants of a module: Cosmic Ray's operators, each at each place, less those that change nothing that runs."""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    Attributes:
        within: name of the function or class around it, ``<module>`` for none; with `` #2`` and so on where the same
            change is made to equal lines of the same function.
        before, after: the lines that change, without their indentation.
        lines: the lines of the statement around it, from 1; none where it runs when the module is imported.
        code: the whole module, changed.
    """

    within: str
    before: str
    after: str
    lines: frozenset[int]
    code: str

    @property
    def name(self) -> tuple[str, str, str]:
        """What tells it from every other mutant of the module, whatever is added above it."""
        return self.within, self.before, self.after


def mutants_of(source: str, operators: Sequence[str]) -> list[Mutant]:
    """Every mutant of a module, each once, statement by statement.

    Args:
        operators: regular expressions, of which the name of an operator matches one as a whole.
    """
    chosen = [name for name in operator_names() if any(re.fullmatch(o, name.split("/")[1]) for o in operators)]
    lines, places = source.splitlines(keepends=True), _Places(source)
    found: list[Mutant] = []
    for first, last in places.pieces():
        piece = "".join(lines[first - 1 : last])
        times: Counter[tuple[str, str, str]] = Counter()
        for code, line in _changes(piece, [get_operator(name)() for name in chosen]):
            within, around = places.around(first - 1 + line)
            before, after = _difference(piece, code)
            times[within, before, after] += 1
            if times[within, before, after] > 1:
                within = f"{within} #{times[within, before, after]}"
            whole = "".join([*lines[: first - 1], code, *lines[last:]])
            found.append(Mutant(within, before, after, around, whole))
    return found


def _changes(piece: str, operators: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """A piece of code as each operator changes it at each place, each change once, and the line of the place.

    What is no Python any more is left out: no test is needed to notice it.
    """
    seen = {_running(piece)}
    for operator in operators:
        starts = [start for node in ast_nodes(get_ast(piece)) for start, _ in operator.mutation_positions(node)]
        for occurrence, (line, _) in enumerate(starts):
            code = mutate_code(piece, operator, occurrence)
            if (running := _running(code)) not in seen and running:
                seen.add(running)
                yield code, line


def _difference(source: str, code: str) -> tuple[str, str]:
    lines = [line for line in difflib.ndiff(source.splitlines(), code.splitlines()) if line[0] in "-+"]
    sides = [" ".join(line[2:].strip() for line in lines if line[0] == sign) for sign in "-+"]
    return sides[0], sides[1]


def _running(source: str) -> str:
    """What of some code is ever run: not its annotations, nor the mark from which on arguments are named.

    Nor ``strict`` of a ``zip``: an assertion, which holds or was broken by another mutant. "" for what is no Python.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        elif isinstance(node, ast.arguments):
            node.args, node.posonlyargs, node.kwonlyargs = [*node.posonlyargs, *node.args, *node.kwonlyargs], [], []
            node.defaults, node.kw_defaults = [*node.defaults, *filter(None, node.kw_defaults)], []
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip":
            node.keywords = []
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return ast.dump(tree)


class _Places:
    """Where the lines of a module are."""

    def __init__(self, source: str) -> None:
        self._tree = ast.parse(source)

    def pieces(self) -> Iterator[tuple[int, int]]:
        """First and last line of each of its statements: changed one by one, as reading the whole takes long."""
        for node in _statements(self._tree):
            yield node.lineno, node.end_lineno

    def around(self, line: int) -> tuple[str, frozenset[int]]:
        """The name of what is around a line, and the lines of its statement if that is in a function."""
        names: list[str] = []
        inside = False
        node: ast.AST = self._tree
        while True:
            step = next((n for n in _statements(node) if n.lineno <= line <= (n.end_lineno or 0)), None)
            if step is None:
                break
            node = step
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                if line < node.body[0].lineno:  # its decorators, its defaults
                    return ".".join([*names, node.name]), frozenset(_head(node)) if inside else frozenset()
                names.append(node.name)
                inside |= not isinstance(node, ast.ClassDef)
        return ".".join(names) or "<module>", frozenset(_head(node)) if inside else frozenset()


def _statements(node: ast.AST) -> Iterator[Any]:
    """The statements in a statement; a decorated one starts at its first decorator."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.excepthandler, ast.match_case)):
            yield from _statements(child)
        elif isinstance(child, ast.stmt):
            if decorators := getattr(child, "decorator_list", None):
                child.lineno = min(child.lineno, *(d.lineno for d in decorators))
            yield child


def _head(node: ast.AST) -> range:
    """The lines of a statement, of a compound one up to its body."""
    first, last = node.lineno, node.end_lineno  # type: ignore[attr-defined]
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    inner = body[0] if isinstance(body, list) and body else None
    if isinstance(inner, ast.stmt) and inner.lineno > first:
        last = inner.lineno - 1
    return range(first, last + 1)
