"""How counts of features factor: by search over small numbers, and there and back."""

from __future__ import annotations

import time
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnexplain.diagnosis.factors import as_map, guessed, guesses, maps
from cnnexplain.errors import ArgumentError

channels = st.integers(1, 2048)
side = st.integers(1, 60)


@given(st.integers(1, 3000), st.integers(1, 40))
def test_maps_are_all_that_there_are(count: int, channels: int) -> None:
    sides = range(1, count + 1)
    pairs = [(h, count // channels // h) for h in sides if count % (channels * h) == 0]
    found = maps(count, channels)
    assert sorted(found) == pairs
    assert list(found) == sorted(found, key=lambda pair: (abs(pair[0] - pair[1]), pair))


@given(channels, side, side)
def test_a_map_is_among_those_of_its_count(channels: int, height: int, width: int) -> None:
    found = maps(channels * height * width, channels)
    assert (height, width) in found
    assert all(channels * prod(each) == channels * height * width for each in found)


@given(channels, side)
def test_a_square_map_is_the_first(channels: int, side: int) -> None:
    count = channels * side**2
    assert maps(count, channels)[0] == (side, side)
    assert as_map(count, channels) == f"{channels}·{side}·{side}"


@given(st.integers(1, 10**6), channels)
def test_what_is_written_as_a_map_is_one(count: int, channels: int) -> None:
    written = as_map(count, channels)
    squares = [pair for pair in maps(count, channels) if pair[0] == pair[1]]
    assert (written is not None) == bool(squares)
    if written is not None:
        assert prod(map(int, written.split("·"))) == count


@pytest.mark.parametrize(
    ("came", "wanted", "expected"),
    [
        (30976, 9216, (256, 11, 6)),
        (32768, 25088, (512, 8, 7)),
        (256, 400, (16, 4, 5)),
        (2704, 400, (16, 13, 5)),
        (25088, 512, (512, 7, 1)),
        (64 * 14 * 14, 64 * 7 * 7, (64, 14, 7)),
        (48 * 5 * 5, 48 * 10 * 10, (48, 5, 10)),
        (512, 100, None),
        (2352, 784, None),
        (7, 5, None),
    ],
)
def test_known_counts_are_guessed(
    came: int, wanted: int, expected: tuple[int, int, int] | None
) -> None:
    assert guessed(came, wanted) == expected


@given(channels, side, side)
def test_what_was_multiplied_is_among_the_guesses(channels: int, one: int, other: int) -> None:
    found = guesses(channels * one**2, channels * other**2)
    assert (channels, one, other) in found
    assert guessed(channels * one**2, channels * other**2) == found[0]


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_guesses_are_all_that_there_are(came: int, wanted: int) -> None:
    by_search = {
        (channels, one, other)
        for channels in range(1, min(came, wanted) + 1)
        if came % channels == wanted % channels == 0
        for one in [round((came // channels) ** 0.5)]
        for other in [round((wanted // channels) ** 0.5)]
        if (channels * one**2, channels * other**2) == (came, wanted)
    }
    found = guesses(came, wanted)
    assert set(found) == by_search
    assert len(found) == len(by_search)


@given(st.integers(0, 11), st.sampled_from([1, 3, 5, 7]), side, side)
def test_the_first_guess_has_the_smallest_odd_number_and_then_most_channels(
    power: int, odd: int, one: int, other: int
) -> None:
    found = guesses(2**power * odd * one**2, 2**power * odd * other**2)
    odds = [next(n for n in range(each[0], 0, -1) if each[0] % n == 0 and n % 2) for each in found]
    assert odds == sorted(odds)
    assert odds[0] == odd
    assert found[0][0] == max(each[0] for each, n in zip(found, odds, strict=True) if n == odd)
    assert found[0][0] >= 2**power * odd


def test_numbers_that_no_memory_holds_take_no_time() -> None:
    start = time.perf_counter()
    assert maps(2**62, 1) == ()
    assert guesses(2**62, 2**60) == ()
    assert as_map(2**62, 1) == f"1·{2**31}·{2**31}"
    assert maps(2**40, 1)[0] == (2**20, 2**20)
    assert guessed(2**40, 2**38) == (2**38, 2, 1)
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("function", [maps, as_map, guesses, guessed])
@pytest.mark.parametrize("numbers", [(0, 3), (3, 0), (-4, 2), (True, 3), (2.5, 1)])
def test_counts_are_whole_numbers_above_nothing(function: object, numbers: tuple[int, int]) -> None:
    assert callable(function)
    with pytest.raises(ArgumentError):
        function(*numbers)
