"""What torch raises about sizes is explained where it is raised; all else passes as it is."""

from __future__ import annotations

import ast
import asyncio
import gc
import inspect
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from tests import test_messages
from tests.broken import BROKEN, AlexNet, Broken, LeNet, OldLeNet, built
from tests.explanations import called, raised
from torch import nn
from torch._utils import ExceptionWrapper

import cnnexplain as cx
from cnnexplain.errors import ArgumentError
from cnnexplain.languages import LANGUAGES, text
from cnnexplain.postmortem import explained_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

FAILING = [case for case in BROKEN if case.fails is not None]
on_every_device = pytest.mark.parametrize("device", ["cpu", "meta"])
failing = pytest.mark.parametrize("case", FAILING, ids=lambda case: case.name)


def lenet(size: int = 28) -> None:
    """Fail as LeNet does on an image of MNIST."""
    LeNet(1)(torch.zeros(2, 1, size, size))


# ── every broken network ───────────────────────────────────────────────────────────────────────

# Where there is no network to run again, or its own code fails, torch's message is all there is.
BY_MESSAGE = {
    "Conv2d, same, stride 2": "message.same_stride",
    "a text, same, stride 2": "message.same_stride",
}
# What torch says is not about sizes that any rule or text tells.
UNEXPLAINED = {"a map into a GRU", "shuffle of 12 by 3", "a mirror of too little"}


@pytest.mark.slow
@on_every_device
@failing
def test_every_failure_is_explained(case: Broken, device: str) -> None:
    if device == "meta" and not case.meta:
        # Torch refuses it elsewhere alone.
        with cx.explaining():
            called(case, device)
        return
    try:
        called(case, device)
    except (RuntimeError, ValueError, IndexError) as error:
        theirs = error
    if case.name in UNEXPLAINED:
        with pytest.raises(type(theirs)) as passed, cx.explaining():
            called(case, device)
        assert not isinstance(passed.value, cx.CnnExplainError)
        return
    ours = raised(lambda: called(case, device))
    assert isinstance(ours, cx.ExplainedError)
    # Whoever catches torch's catches ours, and nobody else does.
    for kind in (RuntimeError, ValueError, IndexError):
        assert isinstance(ours, kind) == isinstance(theirs, kind)
    assert type(ours.__cause__) is type(theirs)
    assert str(ours.__cause__) == str(theirs)
    kinds = [problem.kind for problem in ours.explanation.problems]
    assert kinds[0] == BY_MESSAGE.get(case.name, case.kind)
    told = f"{ours.explanation.to_text()}\n\nPyTorch’s own message: {theirs}"
    assert str(ours) == told


@pytest.mark.slow
@failing
def test_the_explanation_is_the_one_that_is_asked_for(case: Broken) -> None:
    if case.name in {*BY_MESSAGE, *UNEXPLAINED}:
        return
    error = raised(lambda: called(case))
    asked = cx.explanation.explained(cx.api.tried(built(case.make)), [case.full_shape])
    assert error.explanation.to_text() == asked.to_text()


@pytest.mark.parametrize(
    "case", [case for case in BROKEN if case.fails is None], ids=lambda case: case.name
)
def test_what_runs_raises_nothing(case: Broken) -> None:
    with cx.explaining():
        called(case)


# ── as a block, and as a decorator ─────────────────────────────────────────────────────────────


@cx.explaining
def plain(size: int, *, again: bool = False) -> int:
    """Run LeNet."""
    if again:
        return inner(size)
    lenet(size)
    return size


@cx.explaining()
def with_brackets(size: int) -> int:
    lenet(size)
    return size


def inner(size: int) -> int:
    return with_brackets(size)


class Trainer:
    """Has methods that are explained."""

    @cx.explaining
    def step(self, size: int) -> None:
        lenet(size)


@pytest.mark.parametrize(
    "function",
    [
        *(plain, with_brackets, inner, lambda size: plain(size, again=True), Trainer().step),
        *(cx.explaining(lenet), cx.explaining(cx.explaining(lenet))),
    ],
)
def test_a_function_is_explained(function: Callable[[int], object]) -> None:
    for _ in range(2):  # a context manager may serve once only
        with pytest.raises(cx.ExplainedError) as caught:
            function(28)
        assert caught.value.explanation.problems[0].name == "fc1"
        assert type(caught.value.__cause__) is RuntimeError
    function(32)


def test_a_function_stays_what_it_was() -> None:
    assert plain.__name__ == "plain"
    assert plain.__doc__ == "Run LeNet."
    assert list(inspect.signature(plain).parameters) == ["size", "again"]
    assert plain(32) == 32


def test_blocks_in_blocks_explain_once() -> None:
    with pytest.raises(cx.ExplainedError) as caught, cx.explaining(), cx.explaining():
        lenet()
    assert type(caught.value.__cause__) is RuntimeError


def test_one_context_may_be_entered_again() -> None:
    context = cx.explaining()
    for _ in range(2):
        with pytest.raises(cx.ExplainedError), context:
            lenet()


def generator() -> Iterator[int]:
    lenet()
    yield 1


async def coroutine() -> None:
    lenet()


async def asynchronous() -> AsyncIterator[int]:
    lenet()
    yield 1


LAZY = """
expected: a function that runs when it is called
received: {}
cure: write `with cx.explaining():` around what fails
"""


@pytest.mark.parametrize("lazy", [generator, coroutine, asynchronous, 3, "forward"])
def test_what_does_not_run_when_it_is_called_is_refused(lazy: Any) -> None:
    with pytest.raises(ArgumentError) as caught:
        cx.explaining(lazy)
    received = str(caught.value).splitlines()[1].removeprefix("received: ")
    assert str(caught.value) == LAZY.strip().format(received)
    assert getattr(lazy, "__name__", repr(lazy)) in received


@pytest.mark.parametrize("lazy", [generator, coroutine, asynchronous])
def test_so_it_is_with_brackets(lazy: Any) -> None:
    with pytest.raises(ArgumentError, match="a function that runs when it is called"):
        cx.explaining()(lazy)


def test_a_block_inside_a_coroutine_and_a_generator_explains() -> None:
    async def run() -> None:
        with cx.explaining():
            await coroutine()

    def go() -> Iterator[int]:
        with cx.explaining():
            yield from generator()

    with pytest.raises(cx.ExplainedError):
        asyncio.run(run())
    with pytest.raises(cx.ExplainedError):
        next(go())


# ── what is not about sizes ────────────────────────────────────────────────────────────────────


def missing() -> None:
    torch.load("nowhere.pt")


def other_dtype() -> None:
    nn.Linear(3, 4)(torch.zeros(2, 3, dtype=torch.float64))


def integers() -> None:
    LeNet(1)(torch.zeros(1, 1, 32, 32, dtype=torch.long))


def arguments() -> None:
    LeNet(1)(torch.zeros(1, 1, 32, 32), 3)


def no_index() -> None:
    _ = torch.zeros(3)[5]


OWN: list[BaseException] = [
    ValueError("a learning rate below zero"),
    RuntimeError("no such device"),
    IndexError("list index out of range"),
    KeyError("fc9"),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    KeyboardInterrupt(),
    StopIteration(3),
    SystemExit(1),
    AssertionError("x"),
    cx.ShapeError("a", "b", "c"),
]


@pytest.mark.parametrize("error", OWN, ids=lambda error: type(error).__name__)
def test_what_the_user_raises_passes_as_it_is(error: BaseException) -> None:
    def fail() -> None:
        raise error

    for function in (fail, cx.explaining(fail)):
        with pytest.raises(type(error)) as caught, cx.explaining():
            function()
        assert caught.value is error
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


class Failing(nn.Module):
    """Raises an error of its own in its forward, behind a layer."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.error = error

    def forward(self, x: torch.Tensor) -> Any:
        self.conv(x)
        raise self.error


@pytest.mark.parametrize("error", [each for each in OWN if isinstance(each, Exception)], ids=repr)
def test_what_a_forward_raises_passes_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, cx.explaining():
        Failing(error)(torch.zeros(1, 3, 9, 9))
    assert caught.value is error


@pytest.mark.parametrize(
    "function",
    [missing, other_dtype, integers, arguments, no_index],
    ids=lambda each: each.__name__,
)
def test_other_errors_of_torchs_pass_as_they_are(function: Callable[[], None]) -> None:
    seen: list[BaseException] = []

    def watched() -> None:
        try:
            function()
        except Exception as error:
            seen.append(error)
            raise

    with pytest.raises(Exception, match=r"\w") as caught, cx.explaining():
        watched()
    assert caught.value is seen[0]


def test_nothing_is_loaded_while_nothing_fails(fresh_python: Callable[[str], str]) -> None:
    program = """
import sys
import cnnexplain as cx

@cx.explaining
def double(x):
    return 2 * x

with cx.explaining():
    double(2)
try:
    with cx.explaining():
        {}["a"]
except KeyError:
    pass
print(*sorted(sys.modules))
"""
    loaded = set(fresh_python(program).split())
    assert loaded & {"torch", "numpy", "ast", "linecache.tokenize"} <= {"ast"}
    ours = {name.removeprefix("cnnexplain.") for name in loaded if name.startswith("cnnexplain.")}
    assert ours == {"errors", "postmortem"}


def test_no_torch_is_loaded_where_something_else_fails(
    fresh_python: Callable[[str], str],
) -> None:
    program = """
import sys
import cnnexplain as cx

try:
    with cx.explaining():
        raise ValueError("a learning rate below zero")
except ValueError:
    print("torch" in sys.modules)
"""
    assert fresh_python(program).strip() == "False"


# ── what stays as it was ───────────────────────────────────────────────────────────────────────


class Stateful(nn.Module):
    """Has buffers, hooks, dropout and a counter, prints, and fails at its end."""

    calls: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout()
        self.register_buffer("calls", torch.zeros(()))
        self.count = 0
        self.fc = nn.Linear(9, 5)

    def forward(self, x: torch.Tensor) -> Any:
        self.count += 1
        self.calls += 1
        print("seen", tuple(x.shape))  # noqa: T201
        x = self.drop(self.norm(self.conv(x)))
        return self.fc(x.flatten(1))


def test_the_module_stays_as_the_failed_call_left_it(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []

    def run(*, explain: bool) -> tuple[Stateful, torch.Tensor]:
        torch.manual_seed(3)
        model = Stateful().train()
        model.conv.register_forward_hook(lambda *_: seen.append("hook"))
        x = torch.rand(2, 3, 9, 9)
        if explain:
            raised(lambda: model(x))
        else:
            with pytest.raises(RuntimeError):
                model(x)
        return model, torch.rand(3)

    expected, after = run(explain=False)
    told = capsys.readouterr().out
    hooks = list(seen)
    found, then = run(explain=True)
    # The forward runs again on shapes alone, and prints again.
    assert told == "seen (2, 3, 9, 9)\n"
    assert capsys.readouterr().out.startswith(told)
    assert torch.equal(after, then)
    assert (found.count, found.training) == (expected.count, True)
    for name, value in expected.state_dict().items():
        assert torch.equal(found.state_dict()[name], value), name
    assert len(found.conv._forward_hooks) == 1
    assert hooks == ["hook"]
    assert found.fc.weight.grad is None


def test_gradients_and_modes_stay() -> None:
    model = LeNet(1)
    with torch.enable_grad():
        raised(lambda: model(torch.zeros(1, 1, 28, 28)))
        assert torch.is_grad_enabled()
    assert gc.isenabled()
    assert all(each.requires_grad and each.grad is None for each in model.parameters())


# ── ways of calling ────────────────────────────────────────────────────────────────────────────


class Keywords(nn.Module):
    """Takes a second value, and an option."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(100, 5)

    def forward(self, x: torch.Tensor, extra: Any = None, *, scale: float = 1.0) -> Any:
        x = self.conv(x).flatten(1) * scale
        x = x if extra is None else torch.cat([x, extra], dim=1)
        return self.fc(x)


def test_keyword_arguments_are_explained_by_the_message() -> None:
    image = torch.zeros(1, 3, 9, 9)
    for call in (
        lambda: Keywords()(x=image),
        lambda: Keywords()(image, scale=2.0),
        lambda: Keywords()(image, None),
    ):
        problem = raised(call).explanation.problems[0]
        assert problem.kind in {"features", "message.features"}
        assert problem.name == "fc"
        assert problem.place is not None
        assert "self.fc(x)" in problem.place.source


def test_several_inputs_are_explained() -> None:
    error = raised(lambda: Keywords()(torch.zeros(2, 3, 9, 9), torch.zeros(2, 7)))
    (problem,) = error.explanation.problems
    assert (problem.kind, problem.name, problem.facts["came"]) == ("features", "fc", 399)


def test_a_loss_of_a_batch_that_a_view_changed() -> None:
    def step() -> None:
        x, target = torch.zeros(4, 1, 64, 64), torch.zeros(4, dtype=torch.long)
        model = OldLeNet(1)
        model.conv2 = nn.Conv2d(6, 4 * 4, 5)
        scores = nn.Linear(400, 10)(torch.zeros(16, 400))
        del x, model
        nn.CrossEntropyLoss()(scores, target)

    (problem,) = raised(step).explanation.problems
    assert problem.kind == "message.target_batch"
    assert (problem.facts["came"], problem.facts["wanted"]) == (16, 4)
    assert "view(-1, n)" in str(raised(step))


def test_a_functional_loss_too() -> None:
    error = raised(lambda: F.cross_entropy(torch.zeros(16, 10), torch.zeros(4, dtype=torch.long)))
    assert error.explanation.problems[0].kind == "message.target_batch"


def test_a_graph_of_torch_fx() -> None:
    graph = torch.fx.symbolic_trace(AlexNet())
    (problem,) = raised(lambda: graph(torch.zeros(1, 3, 256, 256))).explanation.problems
    assert (problem.kind, problem.name) == ("features", "classifier.1")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_script() -> None:
    script = torch.jit.script(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)))
    (problem,) = raised(lambda: script(torch.zeros(1, 1, 32, 32))).explanation.problems
    assert problem.kind.removeprefix("message.") == "features"
    assert problem.facts["came"] == 1024


@pytest.mark.filterwarnings("ignore")
def test_a_compiled_module() -> None:
    torch._dynamo.reset()
    model = torch.compile(LeNet(1), backend="eager")
    (problem,) = raised(lambda: model(torch.zeros(1, 1, 28, 28))).explanation.problems
    assert problem.kind.removeprefix("message.") == "features"
    assert problem.facts["came"] == 256


def test_a_replica_of_data_parallel() -> None:
    def replicas() -> None:
        try:
            lenet()
        except RuntimeError:
            ExceptionWrapper(where="in replica 0 on device 0").reraise()

    (problem,) = raised(replicas).explanation.problems
    assert problem.kind.removeprefix("message.") == "features"
    assert problem.facts["came"] == 256


def test_the_innermost_of_torchs_errors_counts_where_a_user_raises_anew() -> None:
    def anew() -> None:
        try:
            lenet()
        except RuntimeError as error:
            message = "training stopped"
            raise ValueError(message) from error

    with pytest.raises(ValueError, match="training stopped"), cx.explaining():
        anew()


def test_a_function_without_a_module_is_explained_by_its_message() -> None:
    (problem,) = raised(lambda: torch.zeros(2, 7) @ torch.zeros(8, 4)).explanation.problems
    assert problem.kind == "message.features"
    assert problem.place is not None
    assert problem.place.file == __file__


def test_the_error_speaks_the_current_language() -> None:
    for code in LANGUAGES:
        with cx.language(code):
            error = raised(lenet)
        assert str(error).startswith(error.explanation.to_text(code))
        with cx.language(code):
            assert str(error).endswith(text("explain.torchs", message=str(error.__cause__)))


# ── messages alone ─────────────────────────────────────────────────────────────────────────────


def texts() -> dict[str, str]:
    """A text of torch's for each of its kinds, and that of every broken network."""
    found = {}
    for name, (make, shape, _, _) in test_messages.CASES.items():
        found[name] = test_messages.text("cpu", make, shape)
    for case in FAILING:
        try:
            called(case)
        except (RuntimeError, ValueError, IndexError) as error:
            found[case.name] = str(error)
    return found


# Torch says of these what no text about sizes says.
MUTE = {
    *("a map into a GRU", "a line of text upright", "rows for columns"),
    *("an unflatten of 14×14", "shuffle of 12 by 3", "a mirror of too little"),
}
TEXTS = texts()


def code_of(code: str) -> dict[str, Any]:
    return {"torch": torch, "nn": nn, "F": F, "cx": cx, "x": torch.zeros(2, 3, 4, 5), "code": code}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [name for name in TEXTS if name not in MUTE])
def test_a_message_is_explained_in_every_language(name: str, language: str) -> None:
    found = explained_message(TEXTS[name])
    (problem,) = found.problems
    assert problem.kind.startswith("message.")
    for told in (found.to_text(language), found.to_html(language), found.to_json(language)):
        assert told.strip()
    assert "{" not in found.to_text(language)
    for cure in problem.cures:
        ast.parse(cure.code)
        if cure.code.startswith("nn."):
            assert isinstance(eval(cure.code, {"nn": nn}), nn.Module)  # noqa: S307  # ours
        else:
            assert cure.code.startswith("x = ")


@pytest.mark.parametrize("name", sorted(MUTE))
def test_a_message_that_is_no_text_about_sizes_says_so(name: str) -> None:
    with pytest.raises(ArgumentError, match="a message of PyTorch's about sizes"):
        explained_message(TEXTS[name])


NO_MESSAGE = """
expected: a message of PyTorch's about sizes
received: {}
cure: paste the last line of the traceback, such as "mat1 and mat2 shapes cannot be multiplied \
(1x30976 and 9216x4096)"
"""


@pytest.mark.parametrize(
    ("text", "received"),
    [
        ("", "''"),
        ("hello", "'hello'"),
        ("CUDA out of memory.", "'CUDA out of memory.'"),
        ("x" * 99, f"'{'x' * 55}..."),
    ],
)
def test_no_message_is_refused_line_by_line(text: str, received: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        explained_message(text)
    assert str(caught.value) == NO_MESSAGE.strip().format(received)


def test_a_longer_text_with_a_message_in_it_says_the_same() -> None:
    message = TEXTS["AlexNet at 384"]
    traceback = (
        f'Traceback (most recent call last):\n  File "a.py", line 3\nRuntimeError: {message}'
    )
    assert explained_message(traceback) == explained_message(message)


# ── what fails in explaining itself ────────────────────────────────────────────────────────────


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError


def test_where_explaining_fails_torchs_own_error_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnexplain.postmortem._explained", fail)
    with pytest.raises(RuntimeError, match="mat1 and mat2") as caught, cx.explaining():
        lenet()
    assert type(caught.value) is RuntimeError


def test_where_the_network_cannot_be_run_again_its_message_is_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(cx.ExplainedError) as with_network, cx.explaining():
        lenet()
    monkeypatch.setattr("cnnexplain.postmortem._again", fail)
    with pytest.raises(cx.ExplainedError) as by_message, cx.explaining():
        lenet()
    assert "32–35" in str(with_network.value)
    assert "32–35" not in str(by_message.value)
    assert "expects 400 input features but gets 256" in str(by_message.value)
