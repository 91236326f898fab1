from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae.serve.protocol import (
    MAX_BYTES,
    MAX_ROWS,
    NO_VALUE,
    ProtocolError,
    check_rows,
    max_rows,
    origin_allowed,
    pack_error,
    pack_floats,
    pack_pixels,
    pack_rows,
    pack_values,
    parse_choice,
    parse_count,
    parse_latents,
    parse_number,
    parse_pixels,
    parse_rows,
)


def test_latents_survive_the_wire() -> None:
    z = np.random.default_rng(0).standard_normal((7, 3)).astype(np.float32)
    assert np.array_equal(parse_latents(pack_floats(z), 3), z)


def test_pixels_survive_the_wire() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 2), dtype=np.uint8)
    assert np.array_equal(parse_pixels(pack_pixels(images), (4, 3, 2)), images)
    # also when they are not contiguous in memory
    turned = images.transpose(0, 2, 1, 3)
    assert np.array_equal(parse_pixels(pack_pixels(turned), (3, 4, 2)), turned)


def test_floats_are_little_endian() -> None:
    assert pack_floats(np.array([1.0])) == b"\x00\x00\x80\x3f"
    assert pack_floats(np.array([1.0], ">f8")) == b"\x00\x00\x80\x3f"


@pytest.mark.parametrize(
    ("payload", "came"),
    [
        (b"", "An empty frame came"),
        ("1,2", "A text frame came"),
        (bytes(7), "7 bytes came"),
        (bytes(12), "12 bytes came"),
        (bytes(8 * 1025), "1025 rows came"),
    ],
)
def test_malformed_latents_are_refused_in_a_sentence(payload: bytes | str, came: str) -> None:
    with pytest.raises(ProtocolError, match=came) as caught:
        parse_latents(payload, 2)
    assert "1 to 1024 codes of 2 float32 numbers (8 bytes each) is allowed" in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_by_place(bad: float) -> None:
    z = np.zeros((3, 2), np.float32)
    z[1, 1] = bad
    with pytest.raises(ProtocolError, match=f"row 1, dimension 1 is {bad}"):
        parse_latents(pack_floats(z), 2)


def test_numbers_whose_squares_overflow_are_numbers() -> None:
    z = np.array([[3e38, -3e38], [1e30, 0.0]], np.float32)
    assert np.array_equal(parse_latents(pack_floats(z), 2), z)


def test_malformed_pixels_are_refused_in_a_sentence() -> None:
    with pytest.raises(ProtocolError, match=r"11 bytes came.*8 × 6 × 1 uint8 pixels"):
        parse_pixels(bytes(11), (8, 6, 1))


def test_rows_survive_the_wire() -> None:
    rows = np.array([0, 7, 2**32 - 1])
    assert np.array_equal(parse_rows(pack_rows(rows)), rows)
    assert pack_rows(np.array([1])) == b"\x01\x00\x00\x00"


@pytest.mark.parametrize("payload", [b"", "0", bytes(6), bytes(4 * 1025)])
def test_malformed_rows_are_refused_in_a_sentence(payload: bytes | str) -> None:
    with pytest.raises(ProtocolError, match=r"1 to 1024 row numbers of one uint32 \(4 bytes each"):
        parse_rows(payload)


def test_a_count_is_a_whole_number_in_bounds() -> None:
    assert [parse_count(text, 64) for text in ("1", "07", "64")] == [1, 7, 64]
    for text in ("", "0", "65", "-1", "+1", " 1", "1.0", "1e1", "1_0", "٣", "five", "9" * 5000):
        with pytest.raises(ProtocolError, match=r"came; a whole number from 1 to 64") as caught:
            parse_count(text, 64)
        assert len(str(caught.value)) < 120


def test_a_number_is_plain_finite_and_no_place_out_of_reach() -> None:
    texts = {"1": 1, "-1.5": -1.5, "+.5": 0.5, "1.": 1, "1e3": 1000, "-1e9": -1e9, "1e-300": 1e-300}
    assert {text: parse_number(text, "x0") for text in texts} == texts
    refused = ["", ".", "+", "-", " 1", "1_0", "٣", "nan", "inf", "-inf", "1e", "1e10", "1e999"]
    for text in [*refused, "0x1", "1.2.3", "--1", "9" * 5000, "1\n"]:
        with pytest.raises(ProtocolError, match=r"^x0=") as caught:
            parse_number(text, "x0")
        assert str(caught.value).endswith("a number from -1e+09 to 1e+09 is allowed.")
        assert len(str(caught.value)) < 120


def test_a_choice_is_one_of_a_few() -> None:
    assert parse_choice("codes", "space", ("codes", "pixels")) == "codes"
    with pytest.raises(ProtocolError, match=r"^space=Codes came; codes or pixels is allowed\.$"):
        parse_choice("Codes", "space", ("codes", "pixels"))


def test_rows_beyond_the_codes_are_refused() -> None:
    check_rows(np.array([0, 4]), 5)
    with pytest.raises(ProtocolError, match=r"^Row 5 was asked for; rows 0 to 4 are allowed\.$"):
        check_rows(np.array([5, 0]), 5)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_numbers_to_colour_by_are_within_half_a_step(scale: float) -> None:
    values = np.random.default_rng(0).standard_normal((40, 25)).astype(np.float32) * scale
    values[3] = np.nan
    values[4, 4] = np.inf
    content = pack_values(values)
    assert len(content) == 8 + 2 * values.size
    low, high = np.frombuffer(content[:8], "<f4").astype(np.float64)
    steps = np.frombuffer(content[8:], "<u2").reshape(values.shape)
    known = np.isfinite(values)
    assert np.array_equal(steps == NO_VALUE, ~known)
    found = low + steps[known] / (NO_VALUE - 1) * (high - low)
    assert np.abs(found - values[known]).max() <= 0.51 * (high - low) / (NO_VALUE - 1)


def test_equal_numbers_and_none_at_all_can_be_written() -> None:
    assert pack_values(np.full(3, 2.5)) == np.array([2.5, 2.5], "<f4").tobytes() + bytes(6)
    assert pack_values(np.full(2, np.nan)) == bytes(8) + b"\xff" * 4
    assert len(pack_values(np.zeros(0))) == 8


@given(st.binary(max_size=200), st.integers(1, 9))
def test_random_bytes_parse_or_are_refused(payload: bytes, latent_dim: int) -> None:
    try:
        z = parse_latents(payload, latent_dim)
    except ProtocolError:
        values = np.frombuffer(payload[: len(payload) // 4 * 4], "<f4")
        whole = payload and len(payload) % (4 * latent_dim) == 0
        assert not (whole and np.isfinite(values).all())
    else:
        assert z.dtype == np.float32
        assert z.shape == (len(payload) // (4 * latent_dim), latent_dim)
        assert pack_floats(z) == payload


def test_large_images_bound_the_rows() -> None:
    assert max_rows((28, 28, 1)) == MAX_ROWS
    assert max_rows((512, 512, 3)) * 512 * 512 * 3 <= MAX_BYTES
    assert max_rows((512, 512, 3)) >= 1


@pytest.mark.parametrize(
    ("origin", "host", "forwarded", "allowed"),
    [
        (None, "localhost:8501", None, True),
        ("http://localhost:8501", "localhost:8501", None, True),
        ("http://LocalHost:8501", "localhost:8501", None, True),
        ("http://[::1]:8501", "[::1]:8501", None, True),
        ("https://class.example", "class.example", None, True),
        ("https://class.example", "class.example:443", None, True),
        ("http://class.example", "class.example:443", None, False),
        ("https://class.example", "127.0.0.1:8501", "class.example", True),
        ("https://class.example", "127.0.0.1:8501", "class.example, inner:80", True),
        ("https://evil.example", "127.0.0.1:8501", "class.example", False),
        ("http://evil.example", "localhost:8501", None, False),
        ("http://localhost:9999", "localhost:8501", None, False),
        ("http://localhost:8501.evil.example", "localhost:8501", None, False),
        ("http://localhost:8501@evil.example", "localhost:8501", None, False),
        ("null", "localhost:8501", None, False),
        ("", "localhost:8501", None, False),
        ("file://", "localhost:8501", None, False),
        ("http://localhost:port", "localhost:8501", None, False),
        ("http://localhost:8501", None, None, False),
        ("http://localhost:8501", "not a host", None, False),
    ],
)
def test_only_the_servers_own_pages_are_let_in(
    origin: str | None, host: str | None, forwarded: str | None, allowed: bool
) -> None:
    assert origin_allowed(origin, host, forwarded) is allowed


@pytest.mark.parametrize("origin", [None, "http://localhost:8501"])
@pytest.mark.parametrize(
    ("site", "allowed"),
    [
        (None, True),
        ("same-origin", True),
        ("none", True),  # typed into the address bar
        ("cross-site", False),
        ("same-site", False),
    ],
)
def test_a_page_that_sends_no_origin_is_told_by_its_site(
    origin: str | None, site: str | None, allowed: bool
) -> None:
    assert origin_allowed(origin, "localhost:8501", None, site) is allowed


@given(st.text(), st.text(), st.text(), st.text())
def test_no_header_breaks_the_origin_check(
    origin: str, host: str, forwarded: str, site: str
) -> None:
    assert origin_allowed(origin, host, forwarded, site) in (True, False)


def test_errors_are_json() -> None:
    assert json.loads(pack_error(ProtocolError('β is "x"'))) == {"error": 'β is "x"'}
