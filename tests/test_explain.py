"""What is said of broken networks is right, by torch alone; of sound ones nothing is said."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from dataclasses import replace
from functools import cache, partial
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests import oracles, test_messages
from tests.broken import Broken, LeNet, SmallVGG, built
from tests.cures import answers_each_alone, applied
from tests.explanations import CASES, NEVER_MADE, ROOT, explanation, of
from tests.sound import SOUND, Sound, random_sound
from tests.test_trace_shapes import NETWORKS
from torch import nn

import cnnexplain as cx
from cnnexplain.errors import ArgumentError
from cnnexplain.formats.characters import width
from cnnexplain.formula import bracketed
from cnnexplain.languages import LANGUAGES, catalogue
from cnnexplain.postmortem import explained_message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnnexplain.diagnosis.findings import Cure, Problem

GOLDEN = Path(__file__).parent / "golden" / "explanations.txt"
# Until all words are there, those that are.
SAID = [code for code in LANGUAGES if "explain.problem.features.title" in catalogue(code)]

broken = pytest.mark.parametrize("name", CASES)


# ── what is said ───────────────────────────────────────────────────────────────────────────────


@broken
def test_the_problem_is_the_one_that_the_case_has(name: str) -> None:
    assert kinds_of(name)[0] == CASES[name].kind


def kinds_of(name: str) -> list[str]:
    """The kinds of what is found, by torch's message alone where there is no network."""
    prefix = "message." if name in NEVER_MADE else ""
    kinds = [problem.kind for problem in explanation(name).problems]
    assert all(kind.startswith(prefix) for kind in kinds)
    return [kind.removeprefix(prefix) for kind in kinds]


# Wrong in two ways at once, of which each alone leaves the network broken.
TWICE_WRONG = {
    "MNIST, channels last": ["channels_last", "features"],
    "a grey image without its channel": ["no_channels", "features"],
    "a signal without channel": ["no_channels", "features"],
    "a clip without channel": ["no_channels", "features"],
}


@broken
def test_what_breaks_hides_what_comes_after_it(name: str) -> None:
    assert kinds_of(name) == TWICE_WRONG.get(name, [CASES[name].kind])


def explanations() -> str:
    """What is said of each broken network, and of each kind of message."""
    told = [f"# {name}\n{explanation(name).to_text('en')}\n" for name in CASES]
    for kind, message in one_of_each_kind().items():
        told.append(f"# {kind}: {message}\n{explained_message(message).to_text('en')}\n")
    return "\n".join(told).replace(f"{ROOT}/", "")


@cache
def one_of_each_kind() -> dict[str, str]:
    """The first text of torch's for each kind of problem that messages alone tell."""
    found: dict[tuple[str, tuple[str, ...]], str] = {}
    cases = [("cpu", make, shape) for make, shape, _, _ in test_messages.CASES.values()]
    cases += [
        ("meta", partial(nn.Conv2d, 3, 8, 3), (1, 4, 9, 9)),
        ("cpu", partial(nn.Conv2d, 3, 6, 5), (1, 32, 32, 3)),
        ("cpu", partial(nn.Conv2d, 1, 6, 5), (1, 3, 32, 32)),
        ("cpu", partial(nn.Linear, 784, 10), (1, 16, 7, 7)),
        ("cpu", partial(nn.Linear, 784, 10), (2, 16, 7, 7)),
        ("cpu", partial(nn.Linear, 4096, 10), (64, 1024)),
        ("cpu", partial(nn.Linear, 1, 10), (2, 3)),
        ("cpu", partial(nn.BatchNorm2d, 1), (2, 3, 4, 4)),
    ]
    for way, make, shape in cases:
        message = test_messages.text(way, make, shape)
        (problem,) = explained_message(message).problems
        single = ("one",) if problem.facts.get("wanted") == 1 else ()
        found.setdefault((problem.kind, (*problem.reasons, *single)), message)
    return {f"{kind}, {', '.join(reasons)}": text for (kind, reasons), text in found.items()}


def test_every_explanation_is_told_line_by_line() -> None:
    assert explanations() == GOLDEN.read_text(encoding="utf-8")


def test_every_word_for_a_problem_is_said_of_some_case() -> None:
    keys = {key for key in catalogue("en") if re.match(r"explain\.(problem|cure)\.", key)}
    said = set()
    every = [explanation(name) for name in CASES]
    for each in (*every, *map(explained_message, one_of_each_kind().values())):
        for problem in each.problems:
            head = f"explain.problem.{problem.kind}"
            said |= {f"{head}.title", *(f"{head}.{reason}" for reason in problem.reasons)}
            if problem.facts.get("wanted") == 1:
                said |= {f"{head}.title_one"} & keys
            said |= {f"explain.cure.{cure.kind}" for cure in problem.cures}
    assert said == keys


# ── cures ──────────────────────────────────────────────────────────────────────────────────────

# What nobody can cure who does not know what was meant.
INCURABLE = {
    "Conv2d on a vector": "a vector has no height and width: one of its layers is a mistake",
    "flatten before Conv2d": "the line that flattens has to move behind the convolution",
    "flatten(1) on a vector": "a batch of vectors has nothing to flatten",
    "a map into a GRU": "torch's own layer says what it wants, and there are several ways to it",
    "a token forgotten": "the token has to be joined, which takes several lines",
    "shuffle of 12 by 3": "either the factor or the channels are wrong",
    "a mirror of too little": "a smaller padding would make another network",
    "forties of six channels": "no size of the input leaves them",
    "no forties of six channels": "no size of the input leaves them",
    "a vector into Conv2d": "there is no picture",
    "Conv2d, same, stride 2": "the constructor fails, so that there is no network to try",
}


def cures_of(name: str) -> list[tuple[Problem, Cure]]:
    return [(problem, cure) for problem in explanation(name).problems for cure in problem.cures]


def helps(case: Broken, cure: Cure) -> bool:
    """Return whether a cure makes the network run, and answer for each image what it is."""
    model, x = applied(case, cure)
    return answers_each_alone(model, torch.cat([x, x + 1]))


@broken
def test_every_cure_helps(name: str) -> None:
    torch.manual_seed(0)
    found = cures_of(name)
    assert bool(found) != (name in INCURABLE)
    for _, cure in found:
        assert helps(CASES[name], cure), cure


@broken
def test_cures_differ(name: str) -> None:
    codes = [(cure.code, cure.place) for _, cure in cures_of(name)]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("AlexNet at 384", "resize", "x = F.adaptive_avg_pool2d(x, 222)"),
        ("AlexNet at 384", "in_features", "model.classifier[1] = nn.Linear(1937, 64)"),
        ("AlexNet at 384", "pool", "x = F.adaptive_avg_pool2d(x, (6, 5))"),
        ("no flatten", "flatten", "model.fc1 = nn.Sequential(nn.Flatten(0), model.fc1)"),
        ("RGB into a grey network", "mean", "x = x.mean(0, keepdim=True)"),
        ("LeNet, channels last", "channels_last", "x = x.permute(0, 3, 1)"),
        ("BatchNorm2d of 16 on 32", "num_features", "model.bn2 = nn.BatchNorm2d(33)"),
        ("squeeze of one image", "squeeze_axes", "x = x.squeeze()"),
        ("flatten of everything", "keep_batch", "x = torch.flatten(x)"),
        ("MNIST into a text", "pad", "x = F.pad(x, (1, 2, 1, 2))"),
        ("cat along the height", "along", "x = torch.cat([self.small(x), self.large(x)], dim=0)"),
        ("view makes four of one", "pool", "x = F.adaptive_avg_pool2d(x, (16, 16))"),
    ],
)
def test_a_wrong_cure_does_not_help(name: str, kind: str, code: str) -> None:
    (cure,) = [cure for _, cure in cures_of(name) if cure.kind == kind]
    try:
        helped = helps(CASES[name], replace(cure, code=code))
    except (RuntimeError, ValueError, IndexError):
        helped = False
    assert not helped


# ── sizes that fit ─────────────────────────────────────────────────────────────────────────────

FITTING = [
    (name, number)
    for name in CASES
    if name not in NEVER_MADE
    for number, problem in enumerate(explanation(name).problems)
    if problem.fits
]


def runs(case: Broken, shape: tuple[int, ...]) -> bool:
    """Return whether torch runs a network on a shape, and leaves the batch as it is."""
    try:
        with torch.no_grad():
            answer = built(case.make)(torch.randn(shape))
    except (RuntimeError, ValueError):
        return False
    return all(tuple(each.shape[:1]) == shape[:1] for each in oracles.tensors(answer))


def tries(fits: Any, *, adds: bool) -> tuple[list[int], list[int]]:
    """Return sizes of one axis that are said to fit, and neighbours of theirs that are not."""
    right, wrong = [], []
    for start, last in islice(fits.stretches(), 3):
        right += [start, *((start + 1, 3 * start, 6 * start) if last is None else [last])]
        if not (adds and start == fits.first(1)[0]):  # where sizes of 1 would be broadcast
            wrong += [start - 1]
        wrong += [] if last is None else [last + 1]
    return right, [size for size in wrong if size >= 1 and size not in fits]


@pytest.mark.parametrize(("name", "number"), FITTING)
def test_the_sizes_that_fit_are_those_that_torch_runs(name: str, number: int) -> None:
    case, problem = CASES[name], explanation(name).problems[number]
    fixed = explanation(name).problems[0].facts.get("fixed")
    shape = fixed if isinstance(fixed, tuple) else case.full_shape
    sides = [fits.first(1)[0] for fits in problem.fits]
    least = (*shape[:2], *sides)
    assert len(least) == len(shape)
    assert shape[2:] != tuple(sides)
    tried = [tries(fits, adds=problem.kind == "add") for fits in problem.fits]
    assert any(wrong for _, wrong in tried)
    for axis, (right, wrong) in enumerate(tried, 2):
        for size in right:
            assert runs(case, (*least[:axis], size, *least[axis + 1 :])), (axis, size)
        for size in wrong:
            assert not runs(case, (*least[:axis], size, *least[axis + 1 :])), (axis, size)


def test_the_first_sizes_that_fit_are_the_smallest() -> None:
    # Nothing below them runs, so that no stretch is forgotten.
    for name in ("MNIST into LeNet", "U-Net at 100", "five poolings of 28"):
        case, fits = CASES[name], explanation(name).problems[0].fits[0]
        channels = case.input_size[0]
        for size in range(1, 40):
            fit = runs(case, (1, channels, size, size))
            assert fit == (size in fits), (name, size)


# ── sound networks ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("case", SOUND, ids=lambda case: case.name)
def test_nothing_is_wrong_with_a_sound_network(case: Sound, batch_size: int) -> None:
    model = case.make if isinstance(case.make, str) else built(case.make)
    found = cx.explain(model, case.input_sizes, batch_size)
    assert found.problems == ()
    assert found.chain == ()


@pytest.mark.slow
def test_nothing_is_wrong_with_sound_networks_by_chance() -> None:
    for seed in range(200):
        model, size = random_sound(seed)
        assert cx.explain(model, size, 1 + seed % 3).problems == (), (seed, model)


@pytest.mark.parametrize("name", cx.networks.NAMES)
def test_nothing_is_wrong_with_the_literatures_networks(name: str) -> None:
    found = cx.explain(cx.networks.NAMES[name]())
    assert found.problems == ()
    assert "Nothing breaks" in found.to_text("en")


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_is_wrong_with_networks_of_every_kind(name: str, batch_size: int) -> None:
    build, sizes = NETWORKS[name]
    assert cx.explain(build().eval(), sizes, batch_size).problems == ()


def test_nothing_is_wrong_in_training_mode_either() -> None:
    assert cx.explain(SmallVGG(256).train(), (3, 32, 32), 2).problems == ()


# ── arguments ──────────────────────────────────────────────────────────────────────────────────


def test_a_constructor_that_fails_in_a_text_is_explained_without_an_input() -> None:
    found = cx.explain("nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding='same'))")
    assert [problem.kind for problem in found.problems] == ["same_stride"]
    assert found.trace is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((3,), "a torch.nn.Module, a network of cnnexplain.networks, or text"),
        (("nn.Sequential(nn.ReLU())",), "input_size as (channels, height, width)"),
        (("nn.Sequential(nn.ReLU())", (3, 0)), "input_size"),
        (("nn.Sequential(nn.ReLU())", (3, 4), 0), "batch_size as an integer of at least 1"),
        (("nn.Sequential(nn.ReLU())", [(3, 4), (3,)]), "one input_size"),
        (("nn.Sequential()", (3, 4)), ""),
    ],
)
def test_wrong_arguments_are_refused(arguments: tuple[Any, ...], told: str) -> None:
    with pytest.raises((ArgumentError, cx.SourceError)) as caught:
        cx.explain(*arguments)
    assert told in str(caught.value)


def test_a_network_and_the_module_of_the_same_layers_are_told_the_same() -> None:
    for name, case in CASES.items():
        if isinstance(case.make, str) and case.kind not in {"same_stride", "pool_padding"}:
            text, module = explanation(name), of(built(case.make), case)
            parts = [(p.kind, p.name, dict(p.facts), p.fits) for p in text.problems]
            assert parts == [(p.kind, p.name, dict(p.facts), p.fits) for p in module.problems]
            assert [c.kind for _, c in cures_of(name)] == [
                cure.kind for problem in module.problems for cure in problem.cures
            ]


# ── formats ────────────────────────────────────────────────────────────────────────────────────

NOTED = [
    cx.explain(cx.networks.NAMES[name]()) for name in ("alexnet:torchvision", "vgg16:unpadded")
]
HOSTILE = ["<b>", "\"'&", "a\nb", "\x1b[31mred", "\u202eleft", "conv:\t1", "层", "x" * 300]


def every() -> Iterator[cx.Explanation]:
    yield from (explanation(name) for name in CASES)
    yield from map(explained_message, one_of_each_kind().values())
    yield from NOTED


TAGS = {"section", "p", "br", "wbr", "div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
TAGS |= {"strong", "ol", "ul", "li", "pre", "code"}


class Hostile(nn.Module):
    """Layers and a class with names that are markup, or that change what a terminal shows."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.add_module(name, nn.Conv2d(3, 8, 3))
        self.add_module(f"{name} 2", nn.Linear(9, 9))

    def forward(self, x: torch.Tensor) -> Any:
        first, second = self.children()
        return second(first(x).flatten(1))


def hostile(name: str) -> cx.Explanation:
    kind = type(name, (Hostile,), {}) if name.isprintable() else Hostile
    return cx.explain(kind(name), (3, 9, 9))


@pytest.mark.parametrize("code", SAID)
def test_json_is_json_with_the_same_keys_always(code: str) -> None:
    keys = {
        "": "network input_sizes batch_size problems notes chain",
        "problems": "kind name operation place title reasons facts branches fits cures",
        "cures": "kind says code place replaces after facts",
        "branches": "name shape changes",
        "fits": "runs every open",
        "place": "file line source",
        "notes": "kind names says facts",
        "chain": "name operation input_shape output_shape",
    }

    def check(value: Any, key: str) -> None:
        if isinstance(value, list):
            for each in value:
                check(each, key)
        elif isinstance(value, dict) and key != "facts":
            assert list(value) == keys[key].split(), key
            for inner, each in value.items():
                check(each, inner)

    for each in every():
        check(json.loads(each.to_json(code)), "")


def test_json_says_the_same_in_every_language_but_for_words() -> None:
    def wordless(value: Any) -> Any:
        if isinstance(value, dict):
            words = {"title", "reasons", "says"}
            return {key: wordless(each) for key, each in value.items() if key not in words}
        return [wordless(each) for each in value] if isinstance(value, list) else value

    for each in every():
        told = [wordless(json.loads(each.to_json(code))) for code in SAID]
        assert all(one == told[0] for one in told)


SCHEMA = resources.files(cx) / "explanation.schema.json"


@pytest.mark.skipif(not SCHEMA.is_file(), reason="the schema is being written")
@pytest.mark.parametrize("code", SAID)
def test_json_is_what_its_schema_describes(code: str) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for each in every():
        validator.validate(json.loads(each.to_json(code)))
    wrong = json.loads(explanation("U-Net at 100").to_json(code))
    wrong["problems"][0]["fits"][0]["every"] = "8"
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(wrong)


def parsed(markup: str) -> ET.Element:
    """Return HTML that is XML too, but for void elements."""
    return ET.fromstring(re.sub(r"<(br|wbr)>", r"<\1/>", markup))  # noqa: S314  # ours


def in_words(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


@pytest.mark.parametrize("code", SAID)
def test_html_is_well_formed_and_has_the_words_and_the_code_of_the_text(code: str) -> None:
    for each in every():
        root = parsed(each.to_html(code))
        assert root.tag == "section"
        said = in_words(root)
        cures = [cure for problem in each.problems for cure in problem.cures]
        codes = ["".join(element.itertext()) for element in root.iter("code")]
        assert codes == [cure.code for cure in cures]
        data = json.loads(each.to_json(code))
        for problem in data["problems"]:
            for sentence in [problem["title"], *problem["reasons"]]:
                assert bracketed(" ".join(sentence.split())) in said
            for cure in problem["cures"]:
                assert " ".join(cure["says"].split()) in said
        for note in data["notes"]:
            assert " ".join(note["says"].split()) in said


def test_the_check_of_html_finds_what_is_not_well_formed() -> None:
    for fault in ("<p>", "<p></b></p>", "<p>a & b</p>", "<p>a < b</p>"):
        with pytest.raises(ET.ParseError):
            parsed(f"<section>{fault}</section>")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_in_every_format(name: str) -> None:
    found = hostile(name)
    assert found.problems[0].kind == "features"
    for code in SAID:
        markup = found.to_html(code)
        tags = {element.tag for element in parsed(markup).iter()}
        assert tags <= TAGS
        told = json.loads(found.to_json(code))
        assert told["problems"][0]["name"] == f"{name} 2"
        for text in (found.to_text(code), html.unescape(markup)):
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)


@given(st.text(min_size=1, max_size=12).filter(lambda name: "." not in name))
def test_any_name_is_text_in_every_format(name: str) -> None:
    try:
        found = hostile(name)
    except (KeyError, TypeError, ValueError):
        return  # no name that torch takes
    parsed(found.to_html("en"))
    json.loads(found.to_json("en"))
    hidden = {"Cc", "Cf", "Cs"}
    for line in found.to_text("en", 40).split("\n"):
        assert not any(unicodedata.category(each) in hidden for each in line)


@pytest.mark.parametrize("code", SAID)
def test_text_keeps_to_its_width_but_for_code(code: str) -> None:
    for each in every():
        cures = [cure.code for problem in each.problems for cure in problem.cures]
        codes = {f"     {line}" for cure in cures for line in cure.splitlines()}
        for line in each.to_text(code, 40).splitlines():
            assert line in codes or width(line) <= 40, line
        assert codes <= set(each.to_text(code, 40).splitlines())
        narrow, wide = (outside(each.to_text(code, width), code) for width in (40, 10_000))
        assert narrow == wide


def outside(text: str, code: str) -> list[str]:
    """A text without its table, which leaves columns out where it is narrow, and without spaces."""
    before, title, rest = text.partition(f"  {catalogue(code)['explain.chain']}\n")
    after = rest.partition("\n\n")[2] if title else ""
    return ["".join(part.split()) for part in (before, after)]


def test_a_width_is_a_positive_integer() -> None:
    for wrong in (0, -1, "wide", 1.5):
        with pytest.raises(ArgumentError, match="width as an integer of at least 1"):
            explanation("MNIST into LeNet").to_text("en", wrong)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="one of the languages"):
        explanation("MNIST into LeNet").to_html("de")


def test_repr_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    found = explanation("MNIST into LeNet")
    assert repr(found) == found.to_text()
    monkeypatch.setenv("COLUMNS", "50")
    assert repr(found) == found.to_text(width=50)
    assert found._repr_html_() == found.to_html()


def test_the_same_network_is_told_the_same_again() -> None:
    for name in ("U-Net at 100", "AlexNet at 384", "a branch without padding", "view of heads"):
        case = CASES[name]
        first, again = (of(built(case.make), case) for _ in range(2))
        for form in ("text", "html", "json"):
            assert getattr(first, f"to_{form}")("en") == getattr(again, f"to_{form}")("en")
        facts = [list(problem.facts) for problem in first.problems]
        assert facts == [list(problem.facts) for problem in again.problems]


@pytest.mark.parametrize("code", SAID)
def test_no_words_are_missing(code: str) -> None:
    for each in every():
        data = json.loads(each.to_json(code))
        said = [note["says"] for note in data["notes"]]
        for problem in data["problems"]:
            said += [problem["title"], *problem["reasons"]]
            said += [cure["says"] for cure in problem["cures"]]
        for sentence in said:
            assert sentence.strip()
            assert not re.search(r"\{\w*\}|None", sentence)


def test_the_chain_is_what_changes_sizes_on_the_way() -> None:
    chain = explanation("MNIST into LeNet").chain
    assert [row.name for row in chain] == ["conv1", "pool", "conv2", "pool:2", "flatten"]
    assert all(row.output_shape != row.input_shape for row in chain)
    assert explanation("512 made, 256 wanted").chain[-1].name == "classifier.layers.0"


def test_the_golden_file_holds_every_case() -> None:
    heads = re.findall(r"(?m)^# (.+)$", GOLDEN.read_text(encoding="utf-8"))
    assert heads[: len(CASES)] == list(CASES)
    assert {head.partition(":")[0] for head in heads[len(CASES) :]} == set(one_of_each_kind())


def test_explaining_leaves_the_module_as_it_was() -> None:
    model = LeNet().train()
    hooks = len(model.conv1._forward_hooks)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    random = torch.get_rng_state()
    cx.explain(model, (3, 28, 28))
    assert model.training
    assert len(model.conv1._forward_hooks) == hooks
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


if __name__ == "__main__":  # writes the golden file, which is then to be read
    GOLDEN.write_text(explanations(), encoding="utf-8")


def test_more_features_than_a_memory_holds_are_no_map() -> None:
    text = "nn.Sequential(nn.Conv2d(3, 1, 1), nn.Flatten(), nn.Linear(9007199254740993, 2))"
    (problem,) = cx.explain(text, (3, 224, 224)).problems
    assert "target" not in problem.facts
    assert problem.facts["wanted"] == 9007199254740993
