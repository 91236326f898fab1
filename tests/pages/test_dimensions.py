"""What pages say of dimensions: the order, the words, the scale of codes."""

from __future__ import annotations

from typing import Any

import pytest

from pages.dimensions import brief, decimals, for_browser, in_order, option, small_step, unit

VAE = {"posterior": "gaussian", "kl": [0.1, 2.0, 0.5], "variances": [0.02, 0.9, 0.3]}


def points(*variances: float) -> dict[str, Any]:
    return {"posterior": "point", "kl": None, "variances": list(variances)}


def test_the_order_is_that_of_the_kl_or_of_the_variance() -> None:
    assert in_order(VAE) == [1, 2, 0]
    assert in_order(points(0.3, 0.1, 0.4)) == [2, 0, 1]


def test_words_carry_their_unit() -> None:
    assert option(VAE, 1) == "z2 (2.00 nats)"
    assert option(points(0.314, 0.1), 0) == "z1 (variance 0.31)"
    assert for_browser(VAE)["words"][0] == "0.10 nats"
    assert for_browser(points(0.0022))["words"] == ["var 0.0022"]


@pytest.mark.parametrize(
    ("variances", "expected"),
    [((1.0, 1.0), 1.0), ((0.2, 0.2), 0.1), ((0.002, 0.001), 0.01), ((90.0,), 1.0), ((0.0,), 1.0)],
)
def test_the_unit_is_the_power_of_ten_below_the_spread(
    variances: tuple[float, ...], expected: float
) -> None:
    assert unit(points(*variances)) == pytest.approx(expected)
    assert unit(VAE) == 1.0


def test_a_small_step_is_a_quarter_of_the_spread() -> None:
    assert small_step(VAE) == 0.25
    assert [small_step(points(v)) for v in (0.0022, 9.0)] == [0.01, 0.8]


def test_decimals_follow_the_unit() -> None:
    assert (decimals(VAE), decimals(points(0.2)), decimals(points(0.0009))) == (2, 3, 4)


def test_lengths_in_few_digits() -> None:
    assert [brief(v) for v in (0.0, 3.14159, 0.1, 0.0123)] == ["0.00", "3.14", "0.10", "0.012"]
