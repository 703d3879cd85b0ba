"""What the benchmarks make of their numbers; how fast anything is, no test says."""

from __future__ import annotations

import ctypes
import doctest
import json
import re
from copy import deepcopy
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from benchmarks import sliding, tool, trace

import cnnexplain as cx
from cnnexplain.operations.dense import Linear

if TYPE_CHECKING:
    from collections.abc import Callable


DATA = Path(__file__).parents[1] / "docs" / "data" / "trace.json"


def row(name: str, device: str, milliseconds: float) -> dict[str, Any]:
    times = [key for key in trace.COLUMNS if key.endswith("_ms")]
    memory = {"vgg16_224_added_mb": 1.0, "vgg16_1024_added_mb": 12.0}
    return {"tool": name, "device": device} | dict.fromkeys(times, milliseconds) | memory


COSTS = [row("cnnexplain", "cpu", 2), row("torchinfo", "cpu", 30), row("torchinfo", "meta", 7)]
GROWN = {
    "growth_with_layers": [
        {"layers": 250, "steady_cpu_ms": 5.0},
        {"layers": 500, "steady_cpu_ms": 20.0},
    ],
    "growth_with_image": [
        {"image_px": 224, "steady_cpu_ms": 5.0},
        {"image_px": 1024, "steady_cpu_ms": 5.5},
    ],
}


def test_the_fastest_other_tool_is_found_and_neither_ours_nor_the_forward_pass_counts() -> None:
    costs = [*COSTS, row("forward", "cpu", 1), row("thop", "cpu", 20)]
    key = ["alexnet_first_cpu_ms"]
    assert trace.fastest(costs, key, ("cpu",)) == ("thop", 20)
    assert trace.fastest(costs, key, ("cpu", "meta")) == ("torchinfo on meta", 7)
    assert trace.fastest(costs, ["import_cpu_ms", *key], ("cpu",)) == ("thop", 40)


def test_verdicts_compare_with_the_fastest_on_real_networks_and_on_meta() -> None:
    found = {each["what"]: each for each in trace.verdicts(COSTS, GROWN)}
    real = found["ResNet-152, times faster than torchinfo"]
    assert real == {
        "what": "ResNet-152, times faster than torchinfo",
        "wanted": "at least 4",
        "reached": 15,
        "met": True,
    }
    on_meta = found["ResNet-152, times faster than torchinfo on meta"]
    assert (on_meta["reached"], on_meta["met"]) == (3.5, False)
    imports = found["first AlexNet and the import, times faster than torchinfo"]
    assert (imports["wanted"], imports["reached"], imports["met"]) == (None, 15, None)
    assert not found["linear in layers: dearest layer to cheapest"]["met"]
    assert found["any image: dearest image to cheapest"]["met"]
    assert found["VGG-16 at 1024×1024 adds MB"]["met"]


def test_without_other_tools_the_verdicts_are_those_on_ours_alone() -> None:
    assert len(trace.verdicts(COSTS[:1], GROWN)) == 3


def test_a_row_says_its_device_and_leaves_out_what_was_not_measured() -> None:
    partly = row("torchinfo", "meta", 1234.56)
    del partly["vgg16_1024_added_mb"]
    assert trace.cells(partly) == ["torchinfo on meta", *["1,234.6"] * 4, "1.0", "–"]


def test_the_examples_hold() -> None:
    assert doctest.testmod(trace) == doctest.TestResults(failed=0, attempted=5)


def test_a_file_stays_while_tools_that_it_has_are_missing(tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    assert trace.kept(file, ["cnnexplain"]) == set()
    file.write_text(json.dumps({"tools": {"cnnexplain": "0.1.0", "thop": "0.1"}}), encoding="utf-8")
    assert trace.kept(file, ["cnnexplain"]) == {"thop"}
    assert trace.kept(file, ["cnnexplain", "thop", "torchinfo"]) == set()


def test_a_tool_that_fails_is_named() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)cnnexplain on cpu failed:.*unheard of"):
        trace.run("cnnexplain", "cpu", 0, "unheard of@224")


def test_a_process_tells_what_its_tool_costs() -> None:
    found = trace.run("cnnexplain", "meta", 1, "chain-4@32")
    assert set(found) == {"torch_ms", "import_ms", "chain-4@32"}
    assert set(found["chain-4@32"]) == {"first_ms", "steady_ms", "added_mb"}


def test_the_networks_are_those_of_the_papers() -> None:
    import torch  # noqa: PLC0415

    with torch.device("meta"):
        for name, parameters in tool.PARAMETERS.items():
            model = tool.network(name)
            assert sum(weight.numel() for weight in model.parameters()) == parameters
            assert model(torch.zeros(1, 3, 224, 224)).shape == (1, 1000)
        assert len(list(tool.network("chain-250").children())) == 250


def faults(data: dict[str, Any]) -> list[str]:
    """Return what a data file lacks."""
    wrong = [key for key in ("date", "machine", "python", "torch", "command") if not data.get(key)]
    wrong += [key for key in ("cpu", "cores", "system") if not data.get("machine", {}).get(key)]
    if not date(2026, 1, 1) <= date.fromisoformat(data["date"]) <= datetime.now(UTC).date():
        wrong.append("a date in the past")
    if {each["tool"] for each in data["costs"]} - {"forward"} != set(data["tools"]):
        wrong.append("a version of each tool")
    numbers = [each for part in ("costs", *GROWN) for each in data[part]]
    for each in numbers:
        for key, value in each.items():
            if isinstance(value, float) and not (re.search("_(ms|mb)$", key) and value >= 0):
                wrong.append(key)
    return wrong


def test_the_data_file_says_when_where_and_with_what_it_was_measured() -> None:
    data = json.loads(DATA.read_text(encoding="utf-8"))
    assert faults(data) == []
    assert set(trace.PEERS) | {"cnnexplain"} == set(data["tools"]) | set(data["absent"])
    assert [each["layers"] for each in data["growth_with_layers"]] == list(trace.LAYERS)
    assert trace.rounded(data) == data
    again = trace.verdicts(data["costs"], {key: data[key] for key in GROWN})
    assert [each["met"] for each in again] == [each["met"] for each in data["verdicts"]]


def test_the_check_of_the_data_file_finds_each_fault() -> None:
    data = json.loads(DATA.read_text(encoding="utf-8"))

    def faulty(**changed: object) -> list[str]:
        return faults(deepcopy(data) | changed)

    assert faulty(command="") == ["command"]
    assert faulty(machine={"cpu": "x", "cores": 2}) == ["system"]
    assert faulty(date="2999-01-01") == ["a date in the past"]
    assert faulty(tools={}) == ["a version of each tool"]
    assert faulty(growth_with_image=[{"image_px": 224, "steady_seconds": 0.1}]) == [
        "steady_seconds"
    ]


SLIDING = DATA.with_name("sliding.json")
# Every layer is unpadded, so all ways give the same scores.
SMALL = """nn.Sequential(
    nn.Conv2d(3, 4, kernel_size=4, stride=4), nn.ReLU(), nn.MaxPool2d(8, stride=8),
    nn.Flatten(), nn.Linear(16, 5), nn.ReLU(), nn.Linear(5, 2),
)"""


@pytest.fixture(scope="module")
def small() -> sliding.Prepared:
    return sliding.Prepared(sliding.Case(SMALL, 64, 4, (128,), (128,)))


def timed_row(network: str, image: int, mac_ratio: float, ratio: float) -> dict[str, Any]:
    """Return a row of the sliding benchmark where batches reach nine tenths of their speed."""
    macs = {"window": 1000, "stack": 900, "one_pass": round(1000 / mac_ratio)}
    ways = {"single": 40.0, "batched": 10.0, "stack": 8.1, "one_pass": 10 / ratio}
    return sliding.row(network, image, 1, 1, macs, ways, ways) | {"quiet": image != 259}


def test_the_examples_of_the_sliding_benchmark_hold() -> None:
    assert doctest.testmod(sliding) == doctest.TestResults(failed=0, attempted=19)


def test_every_way_scores_every_window(small: sliding.Prepared) -> None:
    import torch  # noqa: PLC0415

    ways = small.ways(128)
    with torch.inference_mode():
        found: dict[str, Any] = {name: run() for name, run in ways.items()}
        by_hand = small.head(found["batch"])
    scores = found["slide"][0].flatten(1).T
    assert scores.shape == (9, 2)
    torch.testing.assert_close(found["one_pass"][0].flatten(1).T, scores)
    torch.testing.assert_close(by_hand, scores[:4])
    torch.testing.assert_close(found["single"], scores[:1])
    torch.testing.assert_close(found["stack"].flatten(1), found["batch"])
    assert found["head"].shape == scores.shape


def test_many_windows_are_not_slid_over_by_the_package(small: sliding.Prepared) -> None:
    assert "slide" in small.ways(64 + 9 * 32)
    assert "slide" not in small.ways(64 + 10 * 32)


def test_a_row_counts_the_macs_of_each_way(small: sliding.Prepared) -> None:
    found = small.cost("small", 128, seconds=0)
    convolution, linear = 4 * 3 * 4 * 4, 16 * 5 + 5 * 2
    assert (found["windows"], found["batch"]) == (9, 4)
    assert found["stack_macs"] == 16 * 16 * convolution
    assert found["window_macs"] == found["stack_macs"] + linear
    assert found["one_pass_macs"] == 32 * 32 * convolution + 9 * linear
    assert found["mac_ratio"] == 9 * found["window_macs"] / found["one_pass_macs"]
    for way in sliding.WAYS:
        assert found[f"{way}_ms"] > 0
        assert found[f"{way}_cpu_ms"] >= 0


@pytest.mark.parametrize(
    ("factor", "cores", "calm"), [(0.96, 1, True), (0.5, 1, False), (0.96, 0.5, False)]
)
def test_rounds_go_on_while_a_way_is_disturbed(
    factor: float, cores: float, calm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch  # noqa: PLC0415

    calls = dict.fromkeys(("one_pass", "stack", "slide"), 0)

    def timed(run: partial[int]) -> tuple[float, float]:
        calls[run.args[0]] += 1
        # From one round to the next the machine grows quieter.
        wall = factor ** calls["one_pass"]
        return wall, wall * cores * torch.get_num_threads()

    monkeypatch.setattr(sliding, "timed", timed)
    ways: dict[str, Callable[[], object]] = {name: partial(len, name) for name in calls}
    found, quiet = sliding.measured(ways, seconds=0.01)
    assert quiet == calm
    assert calls["slide"] == sliding.ROUNDS
    assert (calls["one_pass"] == sliding.ROUNDS) == calm
    assert found["slide"][0] == factor**sliding.ROUNDS
    assert found["one_pass"][0] == found["stack"][0] == factor ** calls["one_pass"]


def test_memory_is_kept_where_the_c_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    class Library:
        def mallopt(self, option: int, value: int) -> int:
            calls.append((option, value))
            return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library())
    assert sliding.keep_memory()
    assert calls == [(-4, 0), (-1, -1)]
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not sliding.keep_memory()


def test_the_limit_is_that_of_an_image_without_end(small: sliding.Prepared) -> None:
    convolution, linear = 4 * 3 * 4 * 4, 16 * 5 + 5 * 2
    limit = (16 * 16 * convolution + linear) / (8 * 8 * convolution + linear)
    assert small.limit() == pytest.approx(limit)


def test_saving_and_speed_are_asked_for_where_images_are_large_enough() -> None:
    rows = [timed_row("VGG-16", 384, 10, 8.6), timed_row("VGG-16", 512, 10, 8.4)]
    rows.append(timed_row("AlexNet", 259, 2.5, 2.0))
    found = sliding.verdicts(rows)
    assert found[0] == {
        "what": "VGG-16 at 384, times faster than batches, 10.00 by MACs",
        "wanted": "at least 8.5",
        "reached": pytest.approx(8.6),
        "met": True,
    }
    assert found[1]["wanted"] == "at least 0.85"
    assert found[1]["reached"] == pytest.approx(0.9)
    assert [each["met"] for each in found] == [True, True, False, True, None, None]


def test_every_table_of_the_sliding_benchmark_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [timed_row("AlexNet", 515, 7.5, 7.0), timed_row("AlexNet", 259, 2.5, 2.0)]
    limits = {"AlexNet": 9.825}
    data = {"threads": 2, "costs": rows, "verdicts": sliding.verdicts(rows)}
    sliding.show(data | {"mac_ratio_limits": limits})
    shown = capsys.readouterr().out
    assert "CPU milliseconds, 2 threads together" in shown
    assert "7.00 │ 7.00 │" in " ".join(shown.split())
    assert "7.52 by MACs: 7.00, wanted at least 6.39, met" in shown
    assert "not to be relied on: AlexNet at 259\n" in shown


def test_the_data_of_sliding_says_when_and_how_it_was_measured() -> None:
    data = json.loads(SLIDING.read_text(encoding="utf-8"))
    said = ("date", "machine", "python", "torch", "tools", "command", "threads", "memory_kept")
    assert [key for key in said if not data.get(key)] == []
    assert date(2026, 1, 1) <= date.fromisoformat(data["date"]) <= datetime.now(UTC).date()
    assert [(each["network"], each["image_px"]) for each in data["costs"]] == [
        (name, image) for name, case in sliding.CASES.items() for image in case.images
    ]
    assert all(each["quiet"] for each in data["costs"])
    assert data["mac_ratio_limits"] == {"AlexNet": 9.825, "VGG-16": 35.415}
    assert trace.rounded(data) == data
    again = sliding.verdicts(data["costs"])
    assert [each["met"] for each in again] == [each["met"] for each in data["verdicts"]]


def test_the_data_of_sliding_counts_the_macs_as_the_trace_does() -> None:
    for each in json.loads(SLIDING.read_text(encoding="utf-8"))["costs"]:
        case = sliding.CASES[each["network"]]
        traced = cx.trace(case.network, (3, case.window, case.window))
        connected = sum(row.macs for row in traced.rows if isinstance(row.operation, Linear))
        assert (each["window_macs"], each["stack_macs"]) == (traced.macs, traced.macs - connected)
        assert each["windows"] == ((each["image_px"] - case.window) // 32 + 1) ** 2
