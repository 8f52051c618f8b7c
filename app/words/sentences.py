"""The sentences that refuse, warn or say why a run ended, as templates with names in braces, read off the source.

In server and trainer such a sentence is plain English text, made where the fact is known (`f"there is no run {id!r}"`): it passes
through pipes, journals and the database, and scripts read it as the contract says. What a person reads in another language is
found at the last moment (`app.words.wording`), by the template that the sentence was made from. This module finds the templates.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

#: Call → the place of its sentence among the arguments; by name, `msg` or `reason`, in any call.
CALLS = {
    "Problem": 1,
    "HTTPException": 1,
    "Refused": 1,
    "Bad": 0,
    "FieldError": 1,
    "Unreadable": 0,
    "ValueError": 0,
    "finish": 2,
    "end": 1,
}
KEYWORDS = ("msg", "reason", "detail")
#: Variables, functions that give a sentence, lists that gather them and keys of dicts that hold one.
VARIABLES = ("msg", "message", "hint", "gone", "reason", "said", "there", "what", "why", "last", "notes")
LISTS, KEYS, FUNCTIONS = ("warnings", "notes"), ("why", "msg"), ("exit_words", "words")
#: Where they are made. A claim's, a preset's and a study's own texts are in both languages where they stand.
FOLDERS = ("app", "trainer")
WITHOUT = (
    *("trainer/claims", "trainer/presets", "trainer/studies", "trainer/registry.py", "trainer/excerpt.py"),
    *("app/words/i18n.py", "app/store", "app/serving.py"),
)
#: Pydantic's and FastAPI's own, of the kinds that a spec or a request can meet.
PYDANTIC = (
    "Field required",
    "Input should be greater than {gt}",
    "Input should be greater than or equal to {ge}",
    "Input should be less than {lt}",
    "Input should be less than or equal to {le}",
    "Input should be a multiple of {multiple_of}",
    "Input should be a finite number",
    "Input should be a valid integer",
    "Input should be a valid number",
    "Input should be a valid string",
    "Input should be a valid boolean",
    "Input should be a valid list",
    "Input should be a valid dictionary",
    "Input should be an object",
    "Input should be a valid dictionary or object to extract fields from",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid integer, got a number with a fractional part",
    "Unable to parse input string as an integer, exceeded maximum size",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be a valid boolean, unable to interpret input",
    "Input should be {expected}",
    "String should match pattern '{pattern}'",
    "String should have at least {min_length} character",
    "String should have at least {min_length} characters",
    "String should have at most {max_length} character",
    "String should have at most {max_length} characters",
    "{field_type} should have at least {min_length} item after validation, not {actual_length}",
    "{field_type} should have at least {min_length} items after validation, not {actual_length}",
    "{field_type} should have at most {max_length} item after validation, not {actual_length}",
    "{field_type} should have at most {max_length} items after validation, not {actual_length}",
    "Value error, {error}",
    "JSON decode error",
    "Input should be None",
)


def found(root: Path) -> Iterator[tuple[str, str, int]]:
    """`(template, file, line)` of every sentence, in the order of files."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            file = path.relative_to(root).as_posix()
            if not file.startswith(WITHOUT):
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    for said in _sentences(node):
                        yield from ((text, file, said.lineno) for text in _templates(said) if _says_something(text))
    yield from ((text, "pydantic", 1) for text in PYDANTIC)


def _sentences(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        place = CALLS.get(name, 99)
        if len(node.args) > place:
            yield node.args[place]
        yield from (keyword.value for keyword in node.keywords if keyword.arg in KEYWORDS)
        if (
            name == "append"
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in LISTS
        ):
            yield node.args[0]
    elif isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if (isinstance(target, ast.Name) and target.id in VARIABLES) or _is_kept_in(target, "why"):
                yield node.value
            elif isinstance(target, ast.Attribute) and target.attr == "verdict" and isinstance(node.value, ast.Tuple):
                yield node.value.elts[1]
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = zip(target.elts, node.value.elts, strict=False)
                yield from (value for one, value in pairs if isinstance(one, ast.Name) and one.id in VARIABLES)
    elif isinstance(node, ast.Dict):
        yield from (v for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant) and k.value in KEYS)
    elif isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS:
        yield from (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value is not None)


def _is_kept_in(target: ast.expr, name: str) -> bool:
    """`self.why = ...` or `self.why[x] = ...`."""
    held = target.value if isinstance(target, ast.Subscript) else target
    return isinstance(held, ast.Attribute) and held.attr == name


def _templates(node: ast.expr) -> Iterator[str]:
    """Those of an expression: of both branches of a choice, of each text that a name in braces may stand for, too."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value.replace("{", "{{").replace("}", "}}") if "{" in node.value else node.value
    elif isinstance(node, ast.IfExp):
        yield from _templates(node.body)
        yield from _templates(node.orelse)
    elif isinstance(node, (ast.ListComp, ast.DictComp)):
        yield from _templates(node.elt if isinstance(node, ast.ListComp) else node.value)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _templates(value)
    elif isinstance(node, ast.JoinedStr):
        yield _template(node)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from _templates(part.value)


def _template(node: ast.JoinedStr) -> str:
    out, taken = "", set[str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            out += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            name = base = _name(part.value)
            number = 2
            while name in taken:
                name, number = f"{base}{number}", number + 1
            taken.add(name)
            out += "{" + name + "}"
    return out


def _name(node: ast.expr) -> str:
    """A word for what stands there, for who translates it."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return node.slice.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
        return "list"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
        return "count"
    return "value"


def _says_something(template: str) -> bool:
    """Whether there is a word in it that could be translated."""
    return any(len(word) > 1 and word.isalpha() and not word.isupper() for word in template.replace("{", " {").split() if "{" not in word)
