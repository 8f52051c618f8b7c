"""Parses typed YAML and JSON, and formats numbers for people.

YAML is read with the core schema of YAML 1.2: `no`, `off` and `2026-01-31` are text and `1e-3` is a number. YAML 1.1, which
PyYAML follows, reads them as false, false, a date and text. In YAML and in JSON, a duplicate key is refused, not overwritten.
"""

import json
import math
import re
from functools import cache
from typing import Any, ClassVar

_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_NULL = re.compile(r"~|null|Null|NULL|")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_KINDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number", type(None): "nothing"}


def yaml_value(text: str) -> Any:
    """Raises ValueError, which says what is wrong and where."""
    import yaml  # type: ignore[import-untyped, unused-ignore]

    try:
        return yaml.load(text, Loader=_loader())
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        hint = "; a tab is no indent in YAML: use spaces" if "\\t" in said else ""
        raise ValueError(said + hint) from None


def json_value(text: str) -> Any:
    """Raises ValueError, which says what is wrong and where."""
    return json.loads(text, object_pairs_hook=_object)


def kind_of(value: Any) -> str:
    """The kind of a value in words: `a list`, `text`, `nothing`."""
    return _KINDS.get(type(value), type(value).__name__)


def number(value: float | str | None, digits: int = 6) -> str:
    """Format with this many significant digits. Whole numbers are written in full, with separators, unless they are too long.

    Text stays as it is; None, which stands for a value that was not finite, becomes "not finite".
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "not finite"
    if isinstance(value, str | bool):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{value + 0:,.0f}"  # never -0
    return f"{value:.{digits}g}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1}) if len(set(keys)) < len(keys) else []
    if twice:
        raise ValueError(f"the key {twice[0]!r} is there twice; leave one out")
    return dict(pairs)


@cache
def _loader() -> Any:
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc, unused-ignore]
        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[Any] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if (key.tag, key.value) in seen:
                        raise yaml.constructor.ConstructorError(
                            None, None, f"the key {key.value!r} is there twice; leave one out", key.start_mark
                        )
                    seen.add((key.tag, key.value))
            return super().construct_mapping(node, deep)

        def core_int(self, node: Any) -> int:
            text = self.construct_scalar(node)
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)

        def core_float(self, node: Any) -> float:
            return float(self.construct_scalar(node).lower().replace(".inf", "inf").replace(".nan", "nan"))

    for kind, pattern in (("bool", _BOOL), ("null", _NULL), ("int", _INT), ("float", _FLOAT), ("merge", re.compile("<<"))):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(rf"^(?:{pattern.pattern})$"), None)
    Loader.add_constructor("tag:yaml.org,2002:int", Loader.core_int)
    Loader.add_constructor("tag:yaml.org,2002:float", Loader.core_float)
    return Loader
