"""Functions of this product as plain source: parameters are inlined, branches decided, and the functions that they call included."""

import ast
import builtins
import inspect
import textwrap
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from dynascope.sentence import NAME, say

OWN = ("trainer", "dynascope")


class Excerpt:
    """Collects imports and definitions. A name is defined if it is a function or a class of this product; otherwise it is imported."""

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self._definitions: dict[str, str] = {}

    def define(self, function: Callable[..., Any], name: str, known: Mapping[str, Any], drop: tuple[str, ...] = ()) -> None:
        """Define `function` as `name`. `known`: values of its arguments (or of a parameter object's fields, as `params.lr`), or the
        results of tests in it, by their source text.

        `drop`: arguments that the excerpt does not use. Methods lose `self`.
        """
        tree = _parsed(function)
        assert isinstance(tree, ast.FunctionDef)
        tree.name = name
        gone = {"self", *drop, *(key.split(".")[0] for key in known)}
        tree.args.args = [a for a in tree.args.args if a.arg not in gone]
        self._add(name, _Plain(known).visit(tree), function)

    def expression(self, function: Callable[..., Any], known: Mapping[str, Any]) -> str:
        """The value of a function with a single `return`, as an expression with `known` inserted."""
        tree = _Plain(known).visit(_parsed(function))
        last = tree.body[-1]
        if len(tree.body) != 1 or not isinstance(last, ast.Return) or last.value is None:
            raise ValueError(f"{function.__qualname__} is more than one return")
        self._bring(last.value, function)
        return ast.unparse(last.value)

    def text(self) -> str:
        return "\n\n\n".join(self._definitions.values())

    def _add(self, name: str, tree: ast.AST, origin: Any) -> None:
        self._definitions.setdefault(name, "")  # ends a recursion
        self._bring(tree, origin)
        del self._definitions[name]  # its dependencies must come before it
        self._definitions[name] = ast.unparse(ast.fix_missing_locations(tree))

    def _bring(self, tree: ast.AST, origin: Any) -> None:
        scope = vars(inspect.getmodule(origin))
        own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in scope and node.id not in own and node.id not in self._definitions:
                self._bring_one(node.id, scope[node.id])

    def _bring_one(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType):
            alias = "" if value.__name__ == name else f" as {name}"
            parent, _, leaf = value.__name__.rpartition(".")
            self.imports.add(f"from {parent} import {leaf}" if parent and leaf == name else f"import {value.__name__}{alias}")
        elif getattr(value, "__module__", "").split(".")[0] in OWN and (
            inspect.isfunction(inspect.unwrap(value)) or inspect.isclass(value)
        ):
            self._add(name, _Plain({}).visit(_parsed(inspect.unwrap(value))), inspect.unwrap(value))
        elif hasattr(value, "__module__") and not hasattr(builtins, name):
            self.imports.add(f"from {value.__module__.split('._')[0]} import {name}")
        elif isinstance(value, (int, float, str, tuple)):
            self._definitions[name] = f"{name} = {value!r}"


def _parsed(thing: Any) -> Any:
    return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]


class _Plain(ast.NodeTransformer):
    """Removes annotations, docstrings and decorators; inserts known values; keeps only the taken branch of decided tests."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self._known = known

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list, node.returns = [], None
        for argument in (*node.args.args, *node.args.kwonlyargs):
            argument.annotation = None
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.decorator_list = []
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        # Annotations in a class are the fields of a NamedTuple or a dataclass.
        node.body = [inner if isinstance(inner, ast.AnnAssign) else self.visit(inner) for inner in node.body]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.generic_visit(ast.copy_location(ast.Assign([node.target], node.value), node))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._put(node.id, node) if isinstance(node.ctx, ast.Load) else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`say("{n} are needed", n=n)` becomes the f-string of its English text: a plain script has one language."""
        if not (isinstance(node.func, ast.Name) and node.func.id == say.__name__ and isinstance(node.args[0], ast.Constant)):
            return self.generic_visit(node)
        values = {keyword.arg: self.visit(keyword.value) for keyword in node.keywords}
        texts = NAME.split(str(node.args[0].value))  # text, name, text, name, ..., text
        parts = [ast.FormattedValue(values[text], -1) if i % 2 else ast.Constant(text) for i, text in enumerate(texts)]
        return ast.JoinedStr(list(parts)) if values else ast.Constant(texts[0])

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and f"{node.value.id}.{node.attr}" in self._known:
            return self._put(f"{node.value.id}.{node.attr}", node)
        return self.generic_visit(node)

    def _put(self, key: str, node: ast.expr) -> Any:
        return ast.parse(repr(self._known[key]), mode="eval").body if key in self._known else node

    def visit_If(self, node: ast.If) -> Any:
        node.test = self._put(ast.unparse(node.test), node.test)
        node.test = self.visit(node.test)
        decided = _value(node.test)
        if decided is None:
            return self.generic_visit(node)
        taken = node.body if decided[0] else node.orelse
        visited = [self.visit(inner) for inner in taken]
        return [one for done in visited if done is not None for one in (done if isinstance(done, list) else [done])]

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        node.test = self.visit(node.test)
        decided = _value(node.test)
        if decided is None:
            return self.generic_visit(node)
        return self.visit(node.body if decided[0] else node.orelse)


def _value(test: ast.expr) -> tuple[Any] | None:
    """The value of a test of constants, in a tuple; None if it is undecided."""
    if isinstance(test, ast.Constant):
        return (test.value,)
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Constant) and all(isinstance(c, ast.Constant) for c in test.comparators):
        return (eval(compile(ast.Expression(test), "", "eval"), {"__builtins__": {}}),)  # noqa: S307  constants only
    return None
