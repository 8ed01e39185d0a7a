"""Answers read under lowered schemas: which arm of a union is meant, in one pass, and what it holds."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from legal_schemas import SUBSETS
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model
from wire_forms import said

from smartllm.compiler.schema.answers.arms import Arms
from smartllm.compiler.schema.answers.restore import restore, restored
from smartllm.compiler.schema.answers.shaping import shape_of
from smartllm.compiler.schema.lower import lower
from smartllm.compiler.schema.types import Codec, Lowered
from smartllm.compiler.schema.types import Subset as SubsetName

PAIRS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"key": {"type": "string"}, "value": {"type": "integer"}},
        "required": ["key", "value"],
        "additionalProperties": False,
    },
}


def pairs(*items: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in items]


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def read(value: Any, schema: dict[str, Any], codecs: dict[str, Codec], **above: Any) -> Any:
    """What becomes of a value under the property ``x``, and of the value itself."""
    lowered = Lowered(
        closed(x=schema) | above, codecs={f"/properties/x{path}": how for path, how in codecs.items()}
    )
    before = copy.deepcopy(value)
    found = restore({"x": value}, lowered)["x"]
    assert value == before
    return found


def either(*arms: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": list(arms)}


# Two arms of one wire shape but for what tells them apart; only the first one's list is a mapping.
FIRST: dict[str, Codec] = {"/anyOf/0/properties/held": "pairs"}
HELD = pairs(("a", 1))


class TestWhichArm:
    @pytest.mark.parametrize("keyword", ["const", "enum"])
    def test_a_fixed_value_tells(self, keyword: str) -> None:
        tags = [{keyword: tag if keyword == "const" else [tag, tag * 2]} for tag in ("a", "b")]
        schema = either(*(closed(kind=tag, held=PAIRS) for tag in tags))
        assert read({"kind": "a", "held": HELD}, schema, FIRST) == {"kind": "a", "held": {"a": 1}}
        assert read({"kind": "b", "held": HELD}, schema, FIRST) == {"kind": "b", "held": HELD}

    def test_a_fixed_value_decides_against_everything_else(self) -> None:
        schema = either(
            closed(kind={"const": "a"}, held=PAIRS), closed(kind={"const": "b"}, n={"type": "null"})
        )
        given = {"kind": "a", "held": HELD, "n": None, "m": None}
        assert read(given, schema, FIRST) == given | {"held": {"a": 1}}

    def test_numbers_tell_too(self) -> None:
        schema = either(*(closed(kind={"const": tag}, held=PAIRS) for tag in (1, 2)))
        assert read({"kind": 1, "held": HELD}, schema, FIRST)["held"] == {"a": 1}
        assert read({"kind": 2, "held": HELD}, schema, FIRST)["held"] == HELD

    def test_the_discriminator_that_is_named_goes_before_other_fixed_values(self) -> None:
        arms = [
            closed(unit={"const": unit}, kind={"const": kind}, held=PAIRS)
            for unit, kind in (("m", "a"), ("s", "b"))
        ]
        schema = {"oneOf": arms, "discriminator": {"propertyName": "kind"}}
        codecs: dict[str, Codec] = {"/oneOf/0/properties/held": "pairs"}
        assert read({"unit": "s", "kind": "a", "held": HELD}, schema, codecs)["held"] == {"a": 1}

    def test_names_tell(self) -> None:
        schema = either(closed(a={"type": "integer"}, held=PAIRS), closed(b={"type": "integer"}, held=PAIRS))
        assert read({"a": 1, "held": HELD}, schema, FIRST)["held"] == {"a": 1}
        assert read({"b": 1, "held": HELD}, schema, FIRST)["held"] == HELD

    def test_an_open_arm_is_for_names_that_nobody_knows(self) -> None:
        schema = either(closed(held=PAIRS), {"type": "object", "properties": {"held": PAIRS}})
        assert read({"held": HELD}, schema, FIRST)["held"] == {"a": 1}
        assert read({"held": HELD, "n": 1}, schema, FIRST)["held"] == HELD

    def test_types_tell_however_deep(self) -> None:
        deep = [closed(in_=closed(n={"type": kind}), held=PAIRS) for kind in ("integer", "string")]
        assert read({"in_": {"n": 1}, "held": HELD}, either(*deep), FIRST)["held"] == {"a": 1}
        assert read({"in_": {"n": "s"}, "held": HELD}, either(*deep), FIRST)["held"] == HELD

    def test_what_lists_and_mappings_hold_tells(self) -> None:
        for holder in ("items", "additionalProperties"):
            kind = "array" if holder == "items" else "object"
            arms = [
                closed(many={"type": kind, holder: {"type": inner}}, held=PAIRS)
                for inner in ("integer", "string")
            ]
            many: Any = {"n": "s"} if kind == "object" else ["s"]
            assert read({"many": many, "held": HELD}, either(*arms), FIRST)["held"] == HELD

    def test_the_first_of_two_that_are_as_good(self) -> None:
        assert read({"held": HELD}, either(closed(held=PAIRS), closed(held=PAIRS)), FIRST)["held"] == {"a": 1}

    def test_no_pattern_no_format_and_no_limit_decides(self) -> None:
        text = {"type": "string", "pattern": r"^\p{L}+$|(", "format": "date", "maxLength": 1}
        schema = either(
            closed(kind={"const": "a"}, n={"type": "integer", "maximum": 0}, t=text, held=PAIRS),
            {"type": "null"},
        )
        given = {"kind": "a", "n": 5, "t": "1", "held": HELD}
        assert read(given, schema, FIRST) == given | {"held": {"a": 1}}

    def test_the_best_arm_not_only_a_perfect_one(self) -> None:
        schema = either(closed(n={"type": "integer"}, held=PAIRS), closed(s={"type": "string"}))
        given = {"n": "wrong", "held": HELD}
        assert read(given, schema, FIRST) == given | {"held": {"a": 1}}

    def test_a_value_that_no_arm_is_for_stays(self) -> None:
        schema = either(closed(held=PAIRS), {"type": "integer"})
        for value in ("text", True, [HELD], 1.5):
            assert read(value, schema, FIRST) == value
        assert read(2.0, schema, FIRST) == 2.0

    def test_unions_in_unions_and_in_references(self) -> None:
        inner = either(closed(a={"type": "integer"}, held=PAIRS), closed(b={"type": "integer"}))
        schema = either({"$ref": "#/$defs/inner"}, {"type": "null"})
        lowered = Lowered(
            closed(x=schema) | {"$defs": {"inner": inner}},
            codecs={"/$defs/inner/anyOf/0/properties/held": "pairs"},
        )
        assert restore({"x": {"a": 1, "held": HELD}}, lowered) == {"x": {"a": 1, "held": {"a": 1}}}
        assert restore({"x": None}, lowered) == {"x": None}

    def test_a_union_beside_other_keywords(self) -> None:
        arms = [{"required": [name], "properties": {name: {"type": "integer"}}} for name in ("a", "b")]
        schema = {"type": "object", "properties": {"held": PAIRS}, **either(*arms)}
        assert read({"b": 1, "held": HELD}, schema, {"/properties/held": "pairs"})["held"] == {"a": 1}

    def test_values_that_are_made_on_the_way_are_not_taken_for_one_another(self) -> None:
        deep = [closed(n={"type": kind}) for kind in ("integer", "string")]
        arms = [{"properties": {"in_": inner, "held": PAIRS}} for inner in deep]
        schema = {"type": "array", "items": {"type": "object", "properties": {"p": PAIRS}, **either(*arms)}}
        codecs: dict[str, Codec] = {"/items/properties/p": "pairs", "/items/anyOf/0/properties/held": "pairs"}
        given = [{"in_": {"n": 1 if index % 3 else "s"}, "p": HELD, "held": HELD} for index in range(60)]
        found = read(given, schema, codecs)
        assert [item["held"] for item in found] == [{"a": 1} if index % 3 else HELD for index in range(60)]

    def test_parts_that_must_all_fit(self) -> None:
        schema = {"allOf": [closed(kind={"const": "a"}), {"properties": {"held": PAIRS}}, True]}
        assert read({"held": HELD}, schema, {"/allOf/1/properties/held": "pairs"}) == {"held": {"a": 1}}
        lists = {"allOf": [{"prefixItems": [PAIRS]}, {"prefixItems": [{"type": "array"}]}]}
        assert read([HELD], lists, {"/allOf/0/prefixItems/0": "pairs"}) == [{"a": 1}]

    @pytest.mark.parametrize(
        ("value", "shape", "far"),
        [
            ("a", {"enum": ["a", "b"]}, 0),
            ("A", {"enum": ["a", "b"]}, 10),
            ("c", {"enum": ["a", "b"]}, 100),
            (1, {"enum": [1]}, 0),
            (2, {"enum": [1]}, 100),
            ([1], {"enum": [[1]]}, 0),
            ([2], {"enum": [[1]]}, 100),
            (1.0, {"type": "integer"}, 0),
            (1.5, {"type": "integer"}, 100),
            (float("inf"), {"type": "integer"}, 100),
            ("1", {"type": "integer"}, 20),
            ([], {"type": "integer"}, 100),
            ({"a": 1}, {"additionalProperties": {"type": "string"}}, 100),
            ({"a": 1}, {"additionalProperties": False}, 30),
            ({"a": 1}, {}, 1),
            ({}, {"required": ["a"]}, 50),
            ({"a": 1, "b": 2}, {"type": "object", "anyOf": [{"required": ["c"]}, {"required": ["a"]}]}, 4),
            ([1, "s", 2], {"prefixItems": [{"type": "integer"}], "items": {"type": "integer"}}, 20),
        ],
    )
    def test_how_far_a_value_is_from_a_shape(self, value: Any, shape: dict[str, Any], far: int) -> None:
        assert Arms().cost(value, shape_of(Lowered(shape))) == far

    def test_the_caller_s_form_is_near(self) -> None:
        lowered = Lowered(
            closed(a={"type": "string"}, b=PAIRS), codecs={"/properties/a": "json", "/properties/b": "pairs"}
        )
        assert Arms().cost({"a": 5, "b": {"k": 1}}, shape_of(lowered)) == 2


class TestWhatIsRead:
    def test_null_in_an_arm_stands_for_left_out(self) -> None:
        class Address(BaseModel):
            street: str
            note: str = ""

        class Home(BaseModel):
            home: Address | None = None

        for subset in set(SUBSETS) - {"claude-native"}:  # there it cannot come
            lowered = lower(Home.model_json_schema(), subset)
            assert restore({"home": {"street": "x", "note": None}}, lowered) == {"home": {"street": "x"}}

    def test_a_tag_with_a_default_may_be_null(self) -> None:
        tag = either({"const": "a", "type": "string"}, {"type": "null"})
        schema = either(closed(kind=tag, n={"type": "integer"}), closed(kind={"const": "b"}, held=PAIRS))
        codecs: dict[str, Codec] = {"/anyOf/0/properties/kind": "optional"}
        assert read({"kind": None, "n": 1}, schema, codecs) == {"n": 1}
        assert read({"n": 1}, schema, codecs) == {"n": 1}

    def test_a_property_that_only_tells_arms_apart_is_left_out(self) -> None:
        arms = [closed(arm={"const": name}, held=PAIRS) for name in ("a", "b")]
        codecs: dict[str, Codec] = {
            **FIRST,
            "/anyOf/0/properties/arm": "tag",
            "/anyOf/1/properties/arm": "tag",
        }
        assert read({"arm": "a", "held": HELD}, either(*arms), codecs) == {"held": {"a": 1}}
        assert read({"arm": "b", "held": HELD}, either(*arms), codecs) == {"held": HELD}

    def test_the_caller_s_own_form_is_read_too(self) -> None:
        numbered = closed(item_0=PAIRS, item_1={"type": "integer"})
        codecs: dict[str, Codec] = {"": "tuple", "/properties/item_0": "pairs"}
        assert read([HELD, 2], numbered, codecs) == [{"a": 1}, 2]
        nested = copy.deepcopy(PAIRS)
        nested["items"]["properties"]["value"] = PAIRS
        codecs = {"": "pairs", "/items/properties/value": "pairs"}
        assert read({"k": HELD}, nested, codecs) == {"k": {"a": 1}}
        schema = either(PAIRS, closed(n={"type": "integer"}), {"type": "null"})
        assert read({"n": 1}, schema, {"/anyOf/0": "pairs"}) == {"n": 1}
        assert read({"k": 1}, either(PAIRS, {"type": "null"}), {"/anyOf/0": "pairs"}) == {"k": 1}
        assert read({"k": 1}, either({"type": "string"}, {"type": "null"}), {"/anyOf/0": "json"}) == {"k": 1}

    def test_an_answer_without_its_wrapper(self) -> None:
        lowered = Lowered(closed(value=PAIRS), wrapped=True, codecs={"/properties/value": "pairs"})
        assert restore({"value": HELD}, lowered) == {"a": 1}
        assert restore(HELD, lowered) == {"a": 1}
        assert restore({"b": 2}, lowered) == {"b": 2}

    def test_the_caller_s_names_are_read_as_those_of_the_wire(self) -> None:
        lowered = Lowered(closed(betrag_=PAIRS), codecs={"/properties/betrag_": "pairs"})
        for name in ("betrag_", "Betrag (€)"):
            assert restore({name: HELD}, lowered, {"betrag_": "Betrag (€)"}) == {"Betrag (€)": {"a": 1}}
        assert restore([1], lowered, {"betrag_": "Betrag (€)"}) == [1]

    def test_other_properties_and_first_items(self) -> None:
        schema = {"type": "object", "additionalProperties": PAIRS}
        assert read({"k": HELD}, schema, {"/additionalProperties": "pairs"}) == {"k": {"a": 1}}
        first = {"type": "array", "prefixItems": [PAIRS, {"type": "integer"}], "items": PAIRS}
        codecs: dict[str, Codec] = {"/prefixItems/0": "pairs"}
        assert read([HELD, 1, HELD], first, codecs) == [{"a": 1}, 1, HELD]
        assert read([HELD, 1, HELD], first, {"/items": "pairs"}) == [HELD, 1, {"a": 1}]

    def test_a_key_twice_stays_as_pairs_and_is_told(self) -> None:
        lowered = Lowered(closed(**{"x/y": PAIRS}), codecs={"/properties/x~1y": "pairs"})
        twice = pairs(("a", 1), ("b", 2), ("a", 3), ("a", 4))
        assert restored({"x/y": twice}, lowered) == ({"x/y": twice}, (("/x~1y", "a"),))
        assert restored({"x/y": twice[:2]}, lowered) == ({"x/y": {"a": 1, "b": 2}}, ())

    def test_an_answer_that_goes_on(self) -> None:
        lowered = Lowered(
            closed(p=PAIRS, t=closed(item_0={"type": "integer"}, item_1={"type": "integer"})),
            codecs={"/properties/p": "pairs", "/properties/t": "tuple"},
        )
        whole = {"p": HELD, "t": {"item_0": 1, "item_1": 2}}
        assert (
            restore(whole, lowered, partial=True) == restore(whole, lowered) == {"p": {"a": 1}, "t": [1, 2]}
        )
        begun = {"p": [*HELD, {"key": "b"}], "t": {"item_0": 1}}
        assert restore(begun, lowered, partial=True) == {"p": {"a": 1}, "t": [1]}
        assert restore(begun, lowered) == begun
        schema = either(
            closed(a={"type": "integer"}, b={"type": "integer"}, held=PAIRS), closed(held={"type": "null"})
        )
        codecs: dict[str, Codec] = {"/properties/x/anyOf/0/properties/held": "pairs"}
        assert restore({"x": {"held": HELD}}, Lowered(closed(x=schema), codecs=codecs), partial=True) == {
            "x": {"held": {"a": 1}}
        }


class TestOddSchemas:
    @pytest.mark.parametrize(
        "schema",
        [
            {"$ref": "#/$defs/gone"},
            {"$ref": "#/$defs/loop"},
            {"$ref": "https://example.com/x"},
            {"$ref": 5},
            {"anyOf": []},
            {"anyOf": [False]},
            {"anyOf": [{"$ref": "#/properties/x"}]},
            {"anyOf": [{"$ref": "#/$defs/self"}, {"$ref": "#/$defs/self"}]},
            {"$ref": "#/$defs/beside"},
            {"$ref": "#/$defs/parts"},
            {"type": 5, "enum": 5, "required": 5, "properties": 5, "items": 5, "prefixItems": 5},
            True,
            False,
        ],
    )
    def test_what_says_nothing_changes_nothing(self, schema: Any) -> None:
        beside: dict[str, Any] = {"type": ["object", "string"], "anyOf": [{"$ref": "#/$defs/beside"}]}
        definitions = {
            "loop": {"$ref": "#/$defs/loop"},
            "self": {"anyOf": [{"$ref": "#/$defs/self"}, {"$ref": "#/$defs/self"}]},
            "beside": beside,
            "parts": {"allOf": [{"$ref": "#/$defs/parts"}]},
        }
        lowered = Lowered(
            {"properties": {"x": schema, "p": PAIRS}, "$defs": definitions}, codecs={"/properties/p": "pairs"}
        )
        for value in ({"a": 1}, "s", [1], None):
            assert restore({"x": value, "p": HELD}, lowered) == {"x": value, "p": {"a": 1}}
        arms = either(closed(x=schema, held=PAIRS), closed(x=schema))
        for value in ({"a": 1}, "s", [1], None):
            given = {"x": value, "held": HELD}
            assert read(given, arms, FIRST, **{"$defs": definitions}) == given | {"held": {"a": 1}}

    def test_definitions_that_are_none(self) -> None:
        lowered = Lowered({"properties": {"x": {"$ref": "#/$defs/a"}}, "$defs": 5})
        assert restore({"x": 1}, lowered) == {"x": 1}


def made(function: Callable[[], object]) -> int:
    """Calls of Python functions that a function makes."""
    count = 0

    def seen(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(seen)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


class Leaf(BaseModel):
    name: str
    marks: dict[str, int] = {}


class Branch(BaseModel):
    name: str
    left: Branch | Leaf | None = None
    right: Branch | Leaf | None = None


@pytest.mark.parametrize("subset", ["openai-strict", "tool"])
def test_the_work_grows_with_the_answer_and_not_with_its_depth(subset: SubsetName) -> None:
    lowered = lower(Branch.model_json_schema(), subset)

    def tree(depth: int) -> dict[str, Any]:
        marks = pairs(("a", 1)) if subset == "openai-strict" else {"a": 1}
        leaf = {"name": "leaf", "marks": marks}
        return leaf if not depth else {"name": "b", "left": tree(depth - 1), "right": leaf}

    def work(depth: int) -> int:
        answer = tree(depth)
        return made(lambda: restore(answer, lowered))

    work(1)
    small, large = work(10), work(80)
    assert large < 10 * small


# --- whatever a caller's model dumps comes back ---

SCALARS = [int, str, bool, int | None, Literal["a", "b"], dict[str, int], list[int], tuple[int, str]]
NAMES = ["p", "q", "r"]


@st.composite
def unions(draw: st.DrawFn) -> type[BaseModel]:
    """A model with a union of two or three models that differ in a tag, in names, or in types."""
    tagged = draw(st.booleans())
    arms = []
    for index in range(draw(st.integers(2, 3))):
        fields: dict[str, Any] = {}
        for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)):
            fields[name] = (draw(st.sampled_from(SCALARS)), ...)
        if tagged:
            fields["kind"] = (Literal[f"k{index}"], ...)
        arms.append(create_model(f"Arm{index}", __config__=ConfigDict(extra="forbid"), **fields))
    union: Any = arms[0]
    for arm in arms[1:]:
        union = union | arm
    if tagged:
        union = Annotated[union, Field(discriminator="kind")]
    return create_model("Holder", x=(union, ...), many=(list[union], ...), maybe=(union | None, None))


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return st.builds(
            dict, **{name: values_of(field.annotation) for name, field in kind.model_fields.items()}
        )
    return st.from_type(kind)


def comes_back(data: st.DataObject) -> None:
    model = data.draw(unions())
    instance = data.draw(st.from_type(model))
    schema = model.model_json_schema()
    dumped = instance.model_dump(mode="json")
    for subset in SUBSETS:
        lowered = lower(schema, subset)
        found = restore(said(dumped, lowered, {}), lowered)
        assert TypeAdapter(model).validate_python(found) == TypeAdapter(model).validate_python(dumped)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_what_a_model_dumps_comes_back_whichever_arm_it_is(data: st.DataObject) -> None:
    comes_back(data)


@pytest.mark.slow
@settings(max_examples=examples(400), deadline=None)
@given(st.data())
def test_what_many_models_dump_comes_back(data: st.DataObject) -> None:
    comes_back(data)


def chosen(data: Any, *arms: dict[str, Any], partial: bool = False) -> int:
    """The number of the arm that is taken."""
    shape = shape_of(Lowered(closed(x=either(*arms)))).properties["x"]
    found = Arms(partial=partial).chosen(data, shape.unions[0])
    return next(number for number, arm in enumerate(shape.unions[0].arms) if arm is found)


INTEGER: dict[str, Any] = {"type": "integer"}
DEEP = closed(p=INTEGER)
OPEN: dict[str, Any] = {"type": "object", "properties": {"a": INTEGER}, "required": ["a"]}


@pytest.mark.parametrize(
    ("data", "arms", "number"),
    [
        # A tag decides, however much else is wrong.
        (
            {"k": "a", **dict.fromkeys("pqrs", 1)},
            (closed(k={"const": "a"}, x=INTEGER), closed(k={"const": "b"}, p={}, q={}, r={}, s={})),
            0,
        ),
        # Names decide before what they hold is looked at.
        ({"x": {"q": 1}}, (closed(x=DEEP), closed(x=closed(r={})), closed(x=closed(q={}), y={})), 0),
        # An open arm takes other names.
        ({"a": 1, "z": {"q": 1}}, (closed(a=INTEGER, z=DEEP), OPEN), 1),
        # What holds another type does not fit, however far off the other is.
        (
            {"a": 1, "z": dict.fromkeys("uvw", 1)},
            (closed(a=INTEGER, z={"type": "string"}), closed(a=INTEGER, z=DEEP)),
            1,
        ),
    ],
)
def test_what_decides(data: Any, arms: tuple[dict[str, Any], ...], number: int) -> None:
    assert chosen(data, *arms) == number


def test_what_is_missing_may_still_come() -> None:
    arms = (closed(a=INTEGER, b=INTEGER), closed(a=INTEGER))
    assert chosen({"a": 1}, *arms) == 1
    assert chosen({"a": 1}, *arms, partial=True) == 0
