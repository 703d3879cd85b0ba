"""What the broken networks and the sound ones claim of themselves, by torch alone."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from tests.broken import BROKEN, Broken, built
from tests.cures import answers_each_alone
from tests.sound import SOUND, Sound, random_sound

DEVICES = ("cpu", "meta")


def answer(case: Broken, device: str) -> object:
    """What a broken network answers, or what it raises."""
    torch.manual_seed(0)
    try:
        with torch.device(device), torch.no_grad():
            return built(case.make)(torch.randn(case.full_shape))
    except Exception as error:  # noqa: BLE001  # whatever comes is looked at
        return error


broken = pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)


@broken
def test_torch_says_what_a_case_claims(case: Broken) -> None:
    found = answer(case, "cpu")
    if case.fails is None:
        assert isinstance(found, torch.Tensor)
    else:
        assert isinstance(found, Exception)
        assert case.fails in str(found)


@broken
def test_torch_refuses_the_same_without_values(case: Broken) -> None:
    refused = case.fails is not None and case.meta
    assert isinstance(answer(case, "meta"), Exception) == refused


@pytest.mark.parametrize(
    "case", [case for case in BROKEN if case.fails is None], ids=lambda case: case.name
)
def test_what_runs_is_wrong(case: Broken) -> None:
    x = torch.randn(max(case.batch_size, 2), *case.input_size)
    assert not answers_each_alone(built(case.make), x)


def test_the_oracle_of_batches_accepts_what_is_right() -> None:
    sound = {case.name: case for case in SOUND}["LeNet's view, of the right size"]
    assert answers_each_alone(built(sound.make), torch.randn(3, *sound.input_sizes[0]))


def test_every_case_has_a_name_of_its_own_and_every_kind_has_cases() -> None:
    assert len({case.name for case in BROKEN}) == len(BROKEN)
    assert len({case.name for case in SOUND}) == len(SOUND)
    kinds = Counter(case.kind for case in BROKEN)
    common = "features flatten channels channels_last swapped unbatched dimensions kernel cat add"
    common += " normalisation view same_stride pool_padding batch one_batch"
    assert all(kinds[kind] >= 3 for kind in common.split()), kinds


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("case", SOUND, ids=lambda case: case.name)
def test_sound_networks_run(case: Sound, batch_size: int, device: str) -> None:
    with torch.device(device), torch.no_grad():
        built(case.make)(*(torch.randn(batch_size, *size) for size in case.input_sizes))


def test_two_hundred_random_networks_differ_and_run() -> None:
    drawn = [random_sound(seed) for seed in range(200)]
    assert len({(repr(model), size) for model, size in drawn}) == 200
    for model, size in drawn:
        with torch.no_grad():
            for batch_size in (1, 3):
                model(torch.randn(batch_size, *size))
            model.to("meta")(torch.randn(2, *size, device="meta"))


def test_random_networks_are_of_every_kind() -> None:
    sources = [repr(random_sound(seed)[0]) for seed in range(200)]
    for part in (
        *("ceil_mode=True", "torch.cat", "v[1] + v[", "padding=2", "stride=(2", "dilation=2"),
        *("AdaptiveAvgPool2d", "ConvTranspose2d", "F.interpolate", "Conv1d", "Conv3d"),
        *("torch.flatten", ".view(", "reshape(-1, ", "nn.Linear", "padding_mode='replicate'"),
    ):
        assert sum(part in source for source in sources) >= 5, part


def test_a_seed_makes_the_same_network_again_and_leaves_the_random_numbers_alone() -> None:
    torch.manual_seed(1)
    expected = torch.randn(3)
    torch.manual_seed(1)
    (one, size), (other, again) = random_sound(7), random_sound(7)
    assert torch.equal(torch.randn(3), expected)
    assert size == again
    assert repr(one) == repr(other)
    assert all(
        torch.equal(a, b)
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )
