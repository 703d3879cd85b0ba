"""What the benchmarks make of their numbers; how fast anything is, no test says."""

from __future__ import annotations

import doctest
import json
import re
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from benchmarks import tool, trace

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
