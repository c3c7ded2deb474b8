"""The plain OpenAPI around the `x-` words: whether the parts that are read here are there and well formed."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from understudy.specs.documents import Document
from understudy.specs.judging import iter_misfits
from understudy.specs.problems import Misfit
from understudy.specs.schemas import follow, resolve
from understudy.specs.vocabulary import iter_described


def check_structure(document: Document) -> None:
    """Note what OpenAPI demands and the document does not have, and every dead reference."""
    schema = _schema()
    for misfit in iter_misfits(_validator(), schema, document.root):
        document.problem(misfit.place, misfit.message, misfit.advice)
    if not document.problems:
        for misfit in iter_bad_references(document.root):
            document.problem(misfit.place, misfit.message, misfit.advice)


def iter_bad_references(root: Any) -> Iterator[Misfit]:
    """Every `$ref` that points nowhere, to itself, or not at an object."""
    judged: dict[str, Misfit | None] = {}
    for place, node in iter_described(root):
        reference = node.get("$ref")
        if "$ref" not in node or place[-1:] == ("properties",):
            continue
        if not isinstance(reference, str):
            yield Misfit(f"{reference!r} is no reference", "write '#/components/…'", (*place, "$ref"))
            continue
        if reference not in judged:
            judged[reference] = _judge(reference, root)
        misfit = judged[reference]
        if misfit is not None:
            yield misfit.under(*place, "$ref")


def _judge(reference: str, root: Any) -> Misfit | None:
    try:
        target = follow(reference, root)
    except Misfit as misfit:
        return misfit
    if not isinstance(target, dict | bool):
        return Misfit(f"{reference} is no object")
    try:
        resolve(target, root, (reference,))
    except Misfit as misfit:
        # What else is wrong below is told where it stands.
        return misfit if misfit.message.startswith(f"{reference} ") else None
    return None


@cache
def _schema() -> Any:
    return json.loads((files("understudy.specs") / "structure.json").read_text(encoding="utf-8"))


@cache
def _validator() -> Any:
    return jsonschema_rs.Draft202012Validator(_schema())
