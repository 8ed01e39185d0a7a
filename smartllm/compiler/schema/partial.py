"""A type as it can be read while its answer is still being written.

Pydantic's own partial mode knows lists, dicts and TypedDicts; a model that lacks a required field is an error
there. So the type is read by a schema of its own: what has not come is the field's default or None, what does
not fit yet is left out, and what needs the whole object is not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import PydanticOmit, PydanticUndefined, PydanticUseDefault, SchemaValidator

from smartllm.compiler.schema.typed import schemas_within

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Node = dict[str, Any]

_WITHIN: Final = (
    "schema",
    "items_schema",
    "keys_schema",
    "values_schema",
    "lax_schema",
    "strict_schema",
    "json_schema",
    "python_schema",
    "extras_schema",
    "arguments_schema",
    "fields",
    "choices",
    "definitions",
    "steps",
)
"""Where schemas stand within a schema."""
_LIMITS: Final = ("min_length", "pattern")
"""What a value that still grows need not keep to."""
_WHOLE: Final = frozenset({"model", "dataclass", "dataclass-args", "model-fields"})
"""What validators are told of that want all fields."""
_NAMED: Final = _WHOLE | {"typed-dict", "arguments", "definition-ref"}
"""What has named fields, or may have: Pydantic counts those that came to tell arms apart."""


def partial_validator(adapter: TypeAdapter[Any]) -> SchemaValidator:
    """What reads an answer under way.

    Args:
        adapter: The type's own.
    """
    mixed = any(schema["type"] == "union" for schema in schemas_within(adapter.core_schema))
    opened: Any = _Opening(fixed=mixed).schema(adapter.core_schema)
    return SchemaValidator(opened)


class _Blank:
    """What Pydantic fills in place of an object, whose class would be read by its own schema."""

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")


class _Opening:
    """Makes a schema that is content with less.

    Args:
        fixed: Literals are not left out: arms of a union are told apart by them.
    """

    def __init__(self, *, fixed: bool) -> None:
        self._fixed = fixed
        self._changes: dict[str, Callable[[Node], Node]] = {
            "model-field": self._field,
            "dataclass-field": self._field,
            "named-tuple-field": self._field,
            "typed-dict-field": self._key,
            "arguments": self._arguments,
            "list": _items,
            "set": _items,
            "frozenset": _items,
            "dict": _values,
            "tuple": self._places,
            "model": _model,
            "dataclass": _dataclass,
            "function-after": _function,
            "function-before": _function,
            "function-wrap": _function,
            "function-plain": _function,
        }

    def schema(self, given: Any) -> Any:
        """A schema, or what holds some, with less that must be there."""
        if isinstance(given, list | tuple):
            return type(given)(map(self.schema, given))
        if not isinstance(given, dict):
            return given
        node = {key: value for key, value in given.items() if key not in _LIMITS}
        for key in _WITHIN:
            inner = node.get(key)
            if key in {"fields", "choices"} and isinstance(inner, dict):
                node[key] = {name: self.schema(one) for name, one in inner.items()}
            elif inner is not None:
                node[key] = self.schema(inner)
        change = self._changes.get(str(node.get("type")))
        opened = node if change is None else change(node)
        return self._union(given, opened) if given.get("type") == "union" else opened

    def _field(self, node: Node) -> Node:
        return node | {"schema": self._later(node["schema"])}

    def _key(self, node: Node) -> Node:
        return node | {"schema": _or_left_out(node["schema"]), "required": False}

    def _arguments(self, node: Node) -> Node:
        given = [one | {"schema": self._later(one["schema"])} for one in node["arguments_schema"]]
        return node | {"arguments_schema": given}

    def _places(self, node: Node) -> Node:
        rest = node.get("variadic_item_index")
        items = [
            _or_left_out(one) if place == rest else self._later(one)
            for place, one in enumerate(node["items_schema"])
        ]
        return node | {"items_schema": items}

    def _union(self, given: Node, opened: Node) -> Node:
        """The first arm that fits with all it holds, else the first that fits with something left out."""
        if any(one["type"] in _NAMED for one in schemas_within(given)):
            return opened
        return {"type": "union", "mode": "left_to_right", "choices": [_closed(given), opened]}

    def _later(self, inner: Node) -> Node:
        """What may come later, and is its default until then."""
        known: Node = {"type": "default", "schema": inner, "default": None}
        known = dict(inner) if inner["type"] == "default" else known
        held: Node = known["schema"]
        while held["type"] in {"default", "nullable"}:
            held = held["schema"]
        fixed = self._fixed and held["type"] == "literal"
        known |= {"on_error": "raise" if fixed else "default", "validate_default": False}
        if known.pop("default_factory_takes_data", False):  # it may want what has not come
            del known["default_factory"]
            known["default"] = None
        return known


def _closed(given: Any) -> Any:
    """A schema that wants all that it says, but for what a value that still grows need not keep to."""
    if isinstance(given, list | tuple):
        return type(given)(map(_closed, given))
    if not isinstance(given, dict):
        return given
    node = {key: _closed(value) for key, value in given.items() if key not in {*_LIMITS, "ref"}}
    function = node.get("function")
    if str(node.get("type")).startswith("function-") and isinstance(function, dict):
        node["function"] = function | {"function": _guarded(function["function"])}
    return node


def _or_left_out(inner: Node) -> Node:
    return {"type": "default", "schema": inner, "on_error": "omit"}


def _items(node: Node) -> Node:
    return node | {"items_schema": _or_left_out(node["items_schema"])} if "items_schema" in node else node


def _values(node: Node) -> Node:
    return node | {"values_schema": _or_left_out(node["values_schema"])} if "values_schema" in node else node


def _model(node: Node) -> Node:
    kind = node["cls"]

    def made(blank: Any) -> Any:
        one = kind.__new__(kind)
        object.__setattr__(one, "__dict__", blank.__dict__)
        object.__setattr__(one, "__pydantic_fields_set__", blank.__pydantic_fields_set__)
        if not node.get("root_model"):
            object.__setattr__(one, "__pydantic_extra__", blank.__pydantic_extra__)
            object.__setattr__(one, "__pydantic_private__", _private(kind))
        return one

    return _in_place_of(node, made)


def _private(kind: Any) -> dict[str, Any] | None:
    """Private attributes as they are in a new object."""
    named = {name: attribute.get_default() for name, attribute in kind.__private_attributes__.items()}
    return {name: value for name, value in named.items() if value is not PydanticUndefined} or None


def _dataclass(node: Node) -> Node:
    kind = node["cls"]

    def made(blank: Any) -> Any:
        one = kind.__new__(kind)
        for name, value in blank.__dict__.items():
            object.__setattr__(one, name, value)
        return one

    return _in_place_of(node, made)


def _in_place_of(node: Node, made: Callable[[Any], Any]) -> Node:
    """The schema of a class, filled without its own ``__init__`` and what follows on that."""
    left = ("post_init", "custom_init", "generic_origin", "ref")
    blank = {key: value for key, value in node.items() if key not in left} | {"cls": _Blank}
    function = {"type": "no-info", "function": made}
    after = {"type": "function-after", "function": function, "schema": blank, "metadata": {"whole": True}}
    return after | ({"ref": node["ref"]} if "ref" in node else {})


def _function(node: Node) -> Node:
    inner: Node = node.get("schema", {})
    if node["type"] != "function-before" and _is_whole(inner):
        named = {"ref": node["ref"]} if "ref" in node else {}
        return inner | named
    function = node["function"]
    return node | {"function": function | {"function": _guarded(function["function"])}}


def _is_whole(node: Node) -> bool:
    """Whether a schema is that of an object, which its validators expect to be complete."""
    return node.get("type") in _WHOLE or node.get("metadata", {}).get("whole") is True


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """A validator whose every error only says that a value does not fit yet."""

    def checked(*given: Any) -> Any:
        try:
            return function(*given)
        except (ValueError, AssertionError, PydanticOmit, PydanticUseDefault):
            raise
        except Exception as error:  # noqa: BLE001 - the caller's code, on less than it expects
            raise ValueError(str(error)) from None

    return checked
