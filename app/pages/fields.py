"""Form fields from the catalogue's JSON Schema: templates lay them out, scripts use them as a study's axes."""

from collections.abc import Iterator
from typing import Any

from app.words.i18n import Words

Schema = dict[str, Any]

#: The places in a spec that choose a part, and the part's kind. Its parameters are beside the name, under `params`.
PARTS = {
    "data.name": "dataset",
    "model.name": "model",
    "model.activation.name": "activation",
    "init.name": "init",
    "norm.name": "norm",
    "penalty.method": "penalty",
    "optimizer.name": "optimizer",
    "optimizer.schedule.name": "schedule",
}
#: The pace is in the transport row; tags and notes are edited after a run has started.
ELSEWHERE = ("pace", "tags", "notes", "name")
#: A study's seeds have their own input; a device does not change the numbers.
FIXED = (*ELSEWHERE, "seed", "device")
#: The kinds of field that can be a study's axis, and the properties of each that the scripts get.
VARIED = ("choice", "number", "flag")
TOLD = ("path", "label", "kind", "words", "min", "max", "integer", "nullable", "default")


class Form:
    """Fields by dotted path, for templates and scripts."""

    def __init__(self, catalogue: Schema, defaults: Schema, said: Words) -> None:
        self._catalogue, self._defaults, self._said = catalogue, defaults, said
        self._live = set(catalogue.get("live", ()))
        self._defs = catalogue["spec"].get("$defs", {})
        self.fields = {field["path"]: field for field in self._walk(catalogue["spec"], "", self._defs)}

    def under(self, prefix: str, *without: str) -> list[Schema]:
        """The fields of one branch in the schema's order, except those that are shown elsewhere."""
        return [f for p, f in self.fields.items() if p.startswith(f"{prefix}.") and p not in without]

    def rest(self, *placed: str) -> list[Schema]:
        """The fields that no branch shows: a new field in the schema appears in the page without an edit."""
        return [f for p, f in self.fields.items() if not p.startswith(tuple(placed)) and p not in ELSEWHERE]

    def label_of(self, path: str) -> str:
        """A field's label, also for a part's own parameters; the path itself if there is no such field."""
        params = (p for f in self.fields.values() for option in f.get("options", ()) for p in option["params"])
        return next((f["label"] for f in (*self.fields.values(), *params) if f["path"] == path and f["label"]), path)

    def varied(self) -> list[Schema]:
        """The fields that a study may vary, in the Lab's order. A part's parameters follow its choice, each with `of`: that option."""
        found: list[Schema] = []
        for field in self.fields.values():
            if field["path"] in FIXED or field["kind"] not in VARIED:
                continue
            found.append(_told(field, None))
            for option in field.get("options", ()):
                of = {"path": field["path"], "value": option["value"], "label": option["label"]}
                found += [_told(param, of) for param in option["params"] if param["kind"] in VARIED]
        return found

    def _walk(self, schema: Schema, prefix: str, defs: Schema) -> Iterator[Schema]:
        for name, prop in schema.get("properties", {}).items():
            path = f"{prefix}{name}"
            resolved = _resolved(prop, defs)
            variants = [_resolved(v, defs) for v in resolved.get("anyOf", [resolved])]
            nested = next((v for v in variants if v.get("properties") is not None), None)
            if path in PARTS:
                part = self._part(path, PARTS[path], resolved)
                if len(part["options"]) > 1:  # a single option needs no control
                    yield part
            elif nested is not None:
                if any(v.get("type") == "null" for v in variants):
                    yield self._labelled(path, resolved, {"kind": "group", "default": self._default(path) is not None})
                yield from self._walk(nested, f"{path}.", defs)
            elif name != "params" and (field := self._leaf(path, resolved, variants, self._default(path))):
                yield field

    def _part(self, path: str, kind: str, schema: Schema) -> Schema:
        parts = sorted(self._catalogue["parts"].get(kind, []), key=lambda part: part["name"] != "none")
        branch = path.rsplit(".", 1)[0]
        labels = [self._text(part.get("label")) or part["name"] for part in parts]
        options = [
            {
                "value": part["name"],
                "label": label,
                "short": short,
                "help": self._text(part.get("text")),
                "source": part.get("source"),
                "params": self._params(part, branch),
            }
            for part, label, short in zip(parts, labels, _shortened(labels), strict=True)
        ]
        return self._labelled(path, schema, {"kind": "choice", "part": kind, "options": options, "default": self._default(path)})

    def _params(self, part: Schema, branch: str) -> list[Schema]:
        """The parameters of the chosen part; a penalty method has none in the spec."""
        schema = part.get("schema") or {}
        defs = {**self._defs, **schema.get("$defs", {})}
        found = []
        for name, prop in schema.get("properties", {}).items():
            resolved = _resolved(prop, defs)
            variants = [_resolved(v, defs) for v in resolved.get("anyOf", [resolved])]
            default = (part.get("defaults") or {}).get(name, resolved.get("default"))
            field = self._leaf(f"{branch}.params.{name}", resolved, variants, default)
            if field:
                found.append(field)
        return found

    def _leaf(self, path: str, schema: Schema, variants: list[Schema], default: Any) -> Schema | None:
        words_ = [w for v in variants for w in ([v["const"]] if "const" in v else v.get("enum", [])) if isinstance(w, str)]
        numbers = [v for v in variants if v.get("type") in ("integer", "number")]
        nullable = any(v.get("type") == "null" for v in variants)
        about = {"default": default, "nullable": nullable}
        if any(v.get("type") == "boolean" for v in variants):
            return self._labelled(path, schema, about | {"kind": "flag"})
        if numbers:
            return self._labelled(path, schema, about | {"kind": "number", "words": words_, **_bounds(schema, numbers)})
        if len(words_) + nullable > 1:
            options: list[Schema] = [{"value": w, "label": w, "short": w, "help": "", "source": None, "params": []} for w in words_]
            return self._labelled(path, schema, about | {"kind": "choice", "part": None, "options": options})
        if schema.get("choose"):
            return self._labelled(path, schema, about | {"kind": "upload", "dataset": schema["choose"].rsplit("/", 1)[1]})
        if any(v.get("type") == "string" for v in variants) and ".params." in path:
            return self._labelled(path, schema, about | {"kind": "text"})
        return None

    def _labelled(self, path: str, schema: Schema, about: Schema) -> Schema:
        return {
            "path": path,
            "label": self._text(schema.get("label")),
            "help": self._text(schema.get("help")) or schema.get("description", ""),
            "live": bool(schema.get("live")) or path in self._live,
            "nullable": False,
            **about,
        }

    def _text(self, texts: dict[str, str] | None) -> str:
        return (texts or {}).get(self._said.language, "")

    def _default(self, path: str) -> Any:
        """The page's default, or within a group that is off on the page, the spec's own."""
        value: Any = self._defaults
        own: Any = self._catalogue["defaults"]
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else own.get(key) if isinstance(own, dict) else None
            own = own.get(key) if isinstance(own, dict) else None
        return value


def _told(field: Schema, of: Schema | None) -> Schema:
    options = [{name: option[name] for name in ("value", "label", "short")} for option in field.get("options", ())]
    return {**{name: field[name] for name in TOLD if name in field}, "options": options, "of": of}


def _bounds(schema: Schema, numbers: list[Schema]) -> Schema:
    low: list[Any] = [v.get("minimum", v.get("exclusiveMinimum")) for v in numbers]
    high: list[Any] = [v.get("maximum", v.get("exclusiveMaximum")) for v in numbers]
    return {
        "integer": all(v["type"] == "integer" for v in numbers),
        "min": None if None in low else min(low),
        "max": None if None in high else max(high),
        "span": schema.get("span"),
        "scale": schema.get("scale", "linear"),
        # A log slider begins with an exact zero if the field allows it.
        "zero": schema.get("scale") == "log" and any(v.get("minimum", 1) <= 0 for v in numbers),
    }


def _resolved(schema: Schema, defs: Schema) -> Schema:
    """The schema without `$ref` and one-item `allOf`; keys beside a reference override the keys that it names."""
    if "$ref" in schema:
        named = _resolved(defs[schema["$ref"].rsplit("/", 1)[1]], defs)
        return {**named, **{k: v for k, v in schema.items() if k != "$ref"}}
    if len(schema.get("allOf", ())) == 1:
        return {**_resolved(schema["allOf"][0], defs), **{k: v for k, v in schema.items() if k != "allOf"}}
    return schema


def _shortened(labels: list[str]) -> list[str]:
    """Labels for narrow buttons: without a last word that at least half of them share, and without text in brackets."""
    bare = [label.split(" (")[0].split("(")[0].strip() or label for label in labels]
    last = [label.rsplit(" ", 1)[1] for label in bare if " " in label]
    common = {word for word in last if last.count(word) > 1 and 2 * last.count(word) >= len(labels)}
    return [label.rsplit(" ", 1)[0] if " " in label and label.rsplit(" ", 1)[1] in common else label for label in bare]
