"""Networks of every width, trained together: as torch.nn trains each of them alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnexplain.errors import ArgumentError
from cnnexplain.examples import digits, hidden_units
from cnnexplain.examples.weights import drawn

pytestmark = pytest.mark.usefixtures("one_thread")


def alone(hidden: int, seed: int) -> float:
    """Train one network by torch.nn, in the order of all others."""
    training, held_out = digits.samples()
    model = drawn(
        lambda: nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10)),
        torch.Generator().manual_seed(seed),
    )
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters())
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, epochs=20, steps_per_epoch=23)
    for _ in range(20):
        for batch in torch.randperm(1437, generator=generator).split(64):
            optimizer.zero_grad()
            scores = model(training.pictures[batch].flatten(1))
            cross_entropy(scores, training.labels[batch]).backward()
            optimizer.step()
            rate.step()
    read = model(held_out.pictures.flatten(1)).argmax(1)
    return float((read == held_out.labels).double().mean())


def test_together_they_learn_what_each_learns_alone() -> None:
    found = hidden_units.accuracies(16, seeds=3)
    # Rounding differs, and in some digits it decides.
    assert found == pytest.approx([alone(16, seed) for seed in range(3)], abs=0.012)
    assert len({*found}) > 1


def test_the_same_call_gives_the_same_numbers_and_leaves_torch_as_it_was() -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    first = hidden_units.accuracies(8)
    torch.rand(3)
    assert hidden_units.accuracies(8) == first
    assert len(first) == hidden_units.SEEDS == 5
    # A seed gives the same network whatever others are trained beside it.
    assert hidden_units.accuracies(8, seeds=2) == pytest.approx(first[:2], abs=0.012)
    assert torch.get_num_threads() == threads
    torch.set_rng_state(state)


def test_wider_is_better_until_it_is_enough() -> None:
    found = {hidden: sorted(hidden_units.accuracies(hidden))[2] for hidden in (1, 4, 16, 128)}
    assert list(found.values()) == sorted(found.values())
    assert found[1] < 0.4
    assert found[128] > 0.975


@pytest.mark.parametrize(("hidden", "seeds"), [(0, 1), (8, 0), (1.5, 1), (True, 1)])
def test_other_numbers_are_refused(hidden: int, seeds: int) -> None:
    with pytest.raises(ArgumentError, match="as an integer of at least 1"):
        hidden_units.accuracies(hidden, seeds)
