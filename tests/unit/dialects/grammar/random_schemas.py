"""Random schemas that mix every keyword, for the question whether an exact grammar is exact."""

from random import Random
from typing import Any

NAMES = ["a", "b", "c", "kind"]
KINDS = ["object", "array", "string", "integer", "number", "boolean", "null"]
PATTERNS = ["^a", "b$", "^[ab]{1,3}$", "c", "^x-", "[0-9]", "^(a|bc)*$", "a.b", "^$", "^\\S+$"]
VALUES = [None, True, False, 0, 1, 2.5, -3, 10, "", "a", "abc", "x-1", [], [1], {}, {"a": 1}]
LEAVES = [{"type": "string"}, {"type": "integer"}, {"const": "a"}, {"const": 1}, True]


class SchemaMaker:
    """Makes the schemas of one seed."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def document(self) -> dict[str, Any]:
        """A schema with definitions that it may refer to."""
        schema = {}
        while not isinstance(schema, dict) or not schema:
            schema = self.schema(2)
        return {**schema, "$defs": {"x": self.schema(1), "y": self.schema(1)}}

    def schema(self, depth: int) -> Any:
        if self.chance(0.06):
            return self.pick([True, False, {}])
        if depth < 0:
            return self.pick(LEAVES)
        kind = self.pick([*KINDS, None])
        schema: dict[str, Any] = {}
        if kind and self.chance(0.85):
            schema["type"] = kind if self.chance(0.8) else self.some(KINDS)
        if kind in ("object", None):
            schema |= self.object(depth - 1)
        if kind in ("array", None):
            schema |= self.array(depth - 1)
        if kind in ("string", None):
            schema |= self.string()
        if kind in ("integer", "number", None):
            schema |= self.number()
        return schema | self.applied(depth - 1)

    def object(self, depth: int) -> dict[str, Any]:
        return self.maybe(
            properties=(0.6, lambda: {name: self.schema(depth) for name in self.some(NAMES)}),
            required=(0.4, lambda: self.some(NAMES)[:2]),
            additionalProperties=(0.25, lambda: self.pick([False, True, self.schema(depth)])),
            patternProperties=(0.12, lambda: {self.pick(PATTERNS): self.schema(depth)}),
            minProperties=(0.1, lambda: self.random.randint(0, 3)),
            maxProperties=(0.1, lambda: self.random.randint(0, 3)),
            propertyNames=(0.08, self.names),
            dependentRequired=(0.08, lambda: {self.pick(NAMES): [self.pick(NAMES)]}),
            dependentSchemas=(0.08, lambda: {self.pick(NAMES): self.schema(depth)}),
            unevaluatedProperties=(0.08, lambda: self.pick([False, self.schema(depth)])),
        )

    def names(self) -> dict[str, Any]:
        return self.pick([{"pattern": self.pick(PATTERNS)}, {"maxLength": 2}, {"enum": NAMES[:2]}])

    def array(self, depth: int) -> dict[str, Any]:
        return self.maybe(
            items=(0.6, lambda: self.schema(depth)),
            prefixItems=(0.2, lambda: [self.schema(depth)] * self.random.randint(1, 2)),
            minItems=(0.2, lambda: self.random.randint(0, 3)),
            maxItems=(0.2, lambda: self.random.randint(0, 4)),
            uniqueItems=(0.15, lambda: True),
            contains=(0.12, lambda: self.schema(depth)),
            minContains=(0.05, lambda: self.random.randint(0, 2)),
            maxContains=(0.05, lambda: self.random.randint(0, 3)),
            unevaluatedItems=(0.08, lambda: self.pick([False, self.schema(depth)])),
        )

    def string(self) -> dict[str, Any]:
        return self.maybe(
            minLength=(0.3, lambda: self.random.randint(0, 4)),
            maxLength=(0.3, lambda: self.random.randint(0, 8)),
            pattern=(0.4, lambda: self.pick(PATTERNS)),
        )

    def number(self) -> dict[str, Any]:
        bound = (0.25, lambda: self.pick([self.random.randint(-20, 2000), -1.25, 0.5, 17.03]))
        return self.maybe(
            minimum=bound,
            maximum=bound,
            exclusiveMinimum=bound,
            exclusiveMaximum=bound,
            multipleOf=(0.15, lambda: self.pick([1, 2, 0.5, 10, 0.01, 3])),
        )

    def applied(self, depth: int) -> dict[str, Any]:
        several = lambda: [self.schema(depth) for _ in range(self.random.randint(1, 3))]  # noqa: E731
        found = self.maybe(
            enum=(0.1, lambda: self.random.sample(VALUES, 5)),
            const=(0.06, lambda: self.pick(VALUES)),
            anyOf=(0.1, several),
            oneOf=(0.1, several),
            allOf=(0.1, several),
            **{"not": (0.1, lambda: self.schema(depth)), "if": (0.06, lambda: self.schema(depth))},
        )
        if "if" in found:
            found |= {"then": self.schema(depth), "else": self.schema(depth)}
        return found | self.maybe(**{"$ref": (0.06, lambda: self.pick(["#/$defs/x", "#/$defs/y"]))})

    def maybe(self, **keywords: Any) -> dict[str, Any]:
        return {
            keyword: make() for keyword, (chance, make) in keywords.items() if self.chance(chance)
        }

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, options: list[Any]) -> Any:
        return self.random.choice(options)

    def some(self, options: list[Any]) -> list[Any]:
        return self.random.sample(options, self.random.randint(1, 3))
