"""Making one document of a spec and of what it takes in from other files."""

from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

from understudy.specs import documents
from understudy.specs.documents import Document
from understudy.specs.judging import member_at
from understudy.specs.problems import Misfit, Place, SpecError, known, pointer
from understudy.specs.reach import Part, digest_of, is_within, iter_candidates, read_text
from understudy.specs.vocabulary import HOLD_SCHEMAS, is_data, word_above

# The sections of `components` to which references stay references; all else is put where it is referred to.
SECTIONS = ("schemas", "responses", "parameters", "requestBodies", "headers")

MOST_REPLACED = 10_000

# A file, and a place in it.
Spot: TypeAlias = tuple[Document, Place]


def bundle(document: Document) -> None:
    """Take in what the document refers to in other files; raises SpecError with every reference that cannot be."""
    found = len(document.problems)
    bundler = _Bundler(document)
    try:
        root = bundler.run()
    except RecursionError:
        root = None
        document.problem((), "nested too deeply", "an alias within its own anchor has no end")
    for other in bundler.files.values():
        if other is not document:
            document.problems += other.problems
    document.parts = dict(bundler.probed)
    if len(document.problems) > found:
        document.refuse()
    document.root = root


class _Bundler:
    """One walk over a document; what is hoisted waits in a queue, so that circles of files come to an end."""

    def __init__(self, root: Document) -> None:
        self.root = root
        self.folder = Path(root.name).parent
        self.files: dict[Part, Document] = {Part(False, Path(root.name).name): root}
        self.holders = {id(document): part for part, document in self.files.items()}
        self.probed: dict[Part, str] = {}
        self.hoisted: dict[Place, Spot] = {}
        self.local: list[tuple[Place, Place]] = []
        self.replaced = 0

    def run(self) -> Any:
        built = self.copy(self.root.root, (self.root, ()), (), ())
        done: set[Place] = set()
        while waiting := [place for place in self.hoisted if place not in done]:
            for place in waiting:
                done.add(place)
                self.fill(built, place)
        for at, place in self.local:
            if place in self.hoisted and not _has(self.root.root, place):
                reference = f"#{pointer(place)}"
                advice = f"it stands in {self.hoisted[place][0].name}: name that file before the '#'"
                self.root.problem(at, f"{reference} points at nothing in this file", advice)
        return built

    def fill(self, built: Any, place: Place) -> None:
        """Put a hoisted target into the components of the bundle."""
        spot = self.hoisted[place]
        section = built
        for length, step in enumerate(place[:-1], 1):
            section = section.setdefault(step, {})
            if not isinstance(section, dict):
                self.root.problem(place[:length], f"{pointer(place[:length])} is no object", "components stand there")
                return
        self.root.origins[place] = spot
        section[place[-1]] = self.copy(_value(spot), spot, place, ())

    def copy(self, value: Any, here: Spot, to: Place, trail: tuple[tuple[int, Place], ...]) -> Any:
        """The value of `here`, for the place `to` of the bundle; `trail`: what it is put in the place of."""
        source, at = here
        if isinstance(value, list):
            return [self.copy(item, (source, (*at, i)), (*to, i), trail) for i, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("$ref"), str) and to[-1:] != ("properties",):
            return self.reference(value, here, to, trail)
        return {
            key: item if is_data(to, key, item) else self.copy(item, (source, (*at, key)), (*to, key), trail)
            for key, item in value.items()
        }

    def reference(self, value: Any, here: Spot, to: Place, trail: tuple[tuple[int, Place], ...]) -> Any:
        """What comes in the place of a reference: a local one, or the target itself, with what stands beside it."""
        source, at = here
        rest = {key: item for key, item in value.items() if key != "$ref"}
        beside = self.copy(rest, here, to, trail)
        try:
            target = self.follow(value["$ref"], here, to)
            if target is None:
                return {**value, **beside}
            if _is_component(target[1]) and target[1] != to and not _is_replaced(target[1], to):
                self.hoist(target)
                return {**value, **beside, "$ref": f"#{pointer(target[1])}"}
            key = (id(target[0]), target[1])
            if key in trail:
                raise Misfit(f"{value['$ref']} contains itself", "write the recursion out as deep as it may go")
        except Misfit as misfit:
            source.problem((*at, "$ref"), misfit.message, misfit.advice)
            return value
        self.replaced += 1
        if self.replaced > MOST_REPLACED:
            if self.replaced == MOST_REPLACED + 1:
                advice = f"at most {MOST_REPLACED} references are replaced by their targets"
                source.problem((*at, "$ref"), "references contain references without measure", advice)
            return value
        built = self.copy(_value(target), target, to, (*trail, key))
        self.root.origins.setdefault(to, target)
        if not beside or not isinstance(built, dict):
            return built
        self.root.origins.update({(*to, name): (source, (*at, name)) for name in beside})
        return {**built, **beside}

    def follow(self, reference: str, here: Spot, to: Place) -> Spot | None:
        """What a reference points at; None for one that stays as it is. Raises Misfit."""
        file, _, fragment = reference.partition("#")
        source = here[0]
        place = _steps(reference, fragment)
        if not file and source is self.root and not _is_replaced(place, to):
            self.local.append(((*here[1], "$ref"), place))
            return None
        target = self.open(file, source) if file else source
        value = target.root
        for step in place:
            if not isinstance(value, dict) or step not in value:
                names = value if isinstance(value, dict) else ()
                advice = known(step, names) if names else f"{step!r} is not there"
                raise Misfit(f"{reference} points at nothing", advice)
            value = value[step]
        return target, place

    def open(self, file: str, holder: Document) -> Document:
        """The file that a reference names; read once. Raises Misfit when there is none or it may not be had."""
        candidates = iter_candidates(file, self.holders[id(holder)])
        for part in candidates:
            path = part.locate(self.folder)
            if part in self.files:
                if self.files[part].root is None:
                    raise Misfit(f"{part.path} says nothing", "what is wrong with it is told with its own name")
                return self.files[part]
            self.probed[part] = digest_of(path)
            if not path.is_file():
                continue
            if not is_within(path, part.folder(self.folder)):
                raise Misfit(f"{file} is a link that leads out of the spec's folder", "put the file itself there")
            return self.read(part, path)
        sought = " nor ".join(str(part.locate(self.folder)) for part in candidates)
        raise Misfit(
            f"there is no file {file!r}", f"neither {sought} exists" if len(candidates) > 1 else f"no {sought}"
        )

    def read(self, part: Part, path: Path) -> Document:
        document = Document(str(path), None)
        self.files[part], self.holders[id(document)] = document, part
        try:
            found = documents.read(read_text(path), str(path))
        except SpecError as error:
            document.problems += error.problems
            raise Misfit(f"{part.path} says nothing", "what is wrong with it is told with its own name") from None
        document.root, document.lines, document.problems = found.root, found.lines, found.problems
        return document

    def hoist(self, target: Spot) -> None:
        """Note that a component of another file becomes one of the bundle; raises Misfit when the name is taken."""
        place = target[1]
        true = self.origin(target)
        others = [self.hoisted[place]] if place in self.hoisted else []
        others += [(self.root, place)] if _has(self.root.root, place) else []
        for other in map(self.origin, others):
            if (id(other[0]), other[1]) != (id(true[0]), true[1]):
                both = " and ".join(f"{d.name}:{d.line(at)}" for d, at in (other, true))
                raise Misfit(f"two things are called {pointer(place)}: {both}", "give one of them another name")
        self.hoisted.setdefault(place, true)

    def origin(self, spot: Spot) -> Spot:
        """Where a component that only refers to one of the same name in another file is really written."""
        seen: list[int] = []
        while True:
            seen.append(id(spot[0]))
            value = _value(spot)
            if not isinstance(value, dict) or set(value) != {"$ref"} or not isinstance(value["$ref"], str):
                return spot
            file, _, fragment = value["$ref"].partition("#")
            if not file or _steps(value["$ref"], fragment) != spot[1]:
                return spot
            document = self.open(file, spot[0])
            if id(document) in seen:
                raise Misfit(f"{value['$ref']} contains itself", "one of the files must say what it is")
            spot = (document, spot[1])
            if not _has(document.root, spot[1]):
                raise Misfit(f"{value['$ref']} points at nothing", f"{spot[1][-1]!r} is not there")


def _steps(reference: str, fragment: str) -> Place:
    if fragment and not fragment.startswith("/"):
        raise Misfit(f"{reference} has no place behind its '#'", "write '…#/components/…'")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in unquote(fragment).split("/")[1:])


def _is_component(place: Place) -> bool:
    return len(place) == 3 and place[0] == "components" and place[1] in SECTIONS


def _is_replaced(target: Place, to: Place) -> bool:
    """Whether a reference at `to` is replaced by its target: below a word it is, but for the schemas there."""
    word = word_above(to)
    return bool(word) and not (word in HOLD_SCHEMAS and target[:2] == ("components", "schemas"))


def _has(root: Any, place: Place) -> bool:
    for step in place:
        if not isinstance(root, dict) or step not in root:
            return False
        root = root[step]
    return True


def _value(spot: Spot) -> Any:
    document, place = spot
    return member_at(document.root, place)
