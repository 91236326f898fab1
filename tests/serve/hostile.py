"""What clients may send who mean no good, or not well: Hypothesis strategies for the fuzz tests."""

from __future__ import annotations

from urllib.parse import quote

import numpy as np
from hypothesis import strategies as st

from tests.serve import wire
from vae.serve.protocol import pack_floats, pack_rows

# Bytes a row of what ``tiny`` (2 dimensions, images of 8 × 8) is asked, and of what it answers.
ROWS = {
    "decode": (8, 64),
    "encode": (64, 16),
    "place": (8, 12),
    "nearest": (8, 8),
    "images": (4, 64),
    "codes": (4, 8),
    "posteriors": (4, 16),
}
CODES = 300  # held-out images
Z = np.array([[0.5, -1.0], [2.0, 0.0]], np.float32)
GOOD = wire.frame(pack_floats(Z))


def path(operation: str) -> str:
    """Where the fuzz asks for it; the default map, t-SNE, was not fitted."""
    return f"/live/models/tiny/{operation}{'?map=pca' if operation == 'place' else ''}"


_floats = st.one_of(
    st.floats(-9, 9, width=32),
    st.floats(width=32),
    st.sampled_from([-0.0, 1e-45, 1e6, 1e20, 3.4e38, np.inf, -np.inf, np.nan]),
)
_sizes = st.sampled_from([4096, 8192, 2**16, 2**19])
payloads = st.one_of(
    st.text(max_size=30),
    st.binary(max_size=130),
    st.lists(_floats, max_size=40).map(lambda values: pack_floats(np.array(values))),
    st.lists(st.integers(0, 2 * CODES), max_size=5).map(lambda rows: pack_rows(np.array(rows))),
    st.builds(lambda size, more: bytes(size + more), _sizes, st.integers(-1, 8)),
    st.integers(1, 1100).map(lambda n: pack_floats(np.full(2 * n, np.nan))),
)
"""A frame, or a POST's body."""

_names = st.one_of(
    st.just("tiny"),
    st.text(max_size=20),
    st.sampled_from(["", ".", "..", "../..", "a/b", "tiny/", ".bundled", "-", "CON", "a" * 3000]),
    st.sampled_from(["tiny\0", "tiny\n", "..\\tiny", "ťiny", "%", "%zz", "%2e%2e", "{name}", "*"]),
)
_values = st.one_of(
    st.text(max_size=20).map(quote),
    st.sampled_from(["", "raw-0-1", "raw-0-9", "raw-999999-1", "raw-1-1", "../../x", "tsne", "*"]),
    st.sampled_from(["64", "65", "0", "-1", "1e3", "9" * 3000, "%D9%A3", "%00", "%ff%fe", "%ff"]),
)
_numbers = st.sampled_from("0 9 -9 1e-300 -1e9 1e9 1024 1025 50001 nan 1e999 .".split())
_queries = st.one_of(
    st.just(""),
    st.builds("?{}={}".format, st.sampled_from(["map", "k", "by", "space", "format"]), _values),
    st.lists(
        st.builds("{}={}".format, st.sampled_from("x0 x1 y0 y1 w h most by".split()), _values),
        max_size=9,
    ).map(lambda parts: "?map=pca&" + "&".join(parts)),
    st.builds("?map=raw&x0={}&x1={}&y0=-9&y1=9&w={}&h=3&most={}".format, *[_numbers] * 4),
    st.sampled_from(["?", "?map", "?k=1&k=2", "?&&==&", "?map=pca&map=raw", "?" + "a" * 4000]),
)
_arrays = ["labels", "values", "quality", "density", "points", "similar", "selection"]
_ends = st.sampled_from(
    ["", "/", "/x", "/map", "/map/", "//codes", *(f"/{name}" for name in [*ROWS, *_arrays])]
)
_files = ["models", "plotly.min.js", "static/1/dom.js", "static//dom.js", "static/1/%2e%2e%2fx.js"]
targets = st.one_of(
    st.builds(
        lambda name, safe, end, query: f"/live/models/{quote(name, safe)}{end}{query}",
        _names,
        st.sampled_from(["", "/%."]),
        _ends,
        _queries,
    ),
    st.builds("/live/{}{}".format, st.sampled_from(_files) | _names.map(quote), _queries),
)
"""The path and query of a request."""

methods = st.sampled_from("GET GET GET POST POST PUT DELETE HEAD OPTIONS TRACE BREW get".split())
_hosts = st.sampled_from(
    ["localhost", "127.0.0.1:80", "", "[::1]:1", "a b", ":", "x:99999999", "\xff", "[::::", "]:["]
)
_origins = st.one_of(
    st.sampled_from(["null", "", "http://evil.example", "http://localhost@evil", "//localhost"]),
    st.sampled_from(["http://[", "http://[::1]:99999", "http://[v1.x]", "file://", "http://x:y"]),
    st.sampled_from(["javascript:", "http://" + "a" * 5000, "\xff\xfe", "http://localhost"]),
)
headers = st.builds(
    lambda host, origin, forwarded: [
        f"Host: {host}",
        *([f"Origin: {origin}"] if origin is not None else []),
        *([f"X-Forwarded-Host: {forwarded}"] if forwarded is not None else []),
    ],
    _hosts,
    st.none() | _origins,
    st.none() | _hosts,
)

_lengths = st.sampled_from(
    ["16", "15", "17", "0", "-1", "abc", "1e3", "", "99999999999", "9" * 30, "16, 16"]
)
_chunks = st.one_of(
    st.binary(min_size=1, max_size=20).map(lambda data: b"%x\r\n%b\r\n" % (len(data), data)),
    st.sampled_from([b"8\r\n12345678\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"zz\r\n"]),
    st.sampled_from([b"5;a=b\r\n12345\r\n", b"3\r\n12345\r\n", b"-1\r\n", b"\r\n", b"0\r\nA: b"]),
    st.just(b"80000\r\n" + bytes(2**19) + b"\r\n"),
)
_bodies = st.one_of(
    st.tuples(
        st.lists(_lengths.map("Content-Length: {}".format), max_size=2), st.binary(max_size=20)
    ),
    st.tuples(
        st.lists(st.sampled_from(["Content-Length: 3", "Expect: 100-continue"]), max_size=1).map(
            lambda more: ["Transfer-Encoding: chunked", *more]
        ),
        st.lists(_chunks, max_size=5).map(b"".join),
    ),
)
posts = st.builds(
    lambda operation, body, cut: wire.request(
        "POST", path(operation), ["Host: x", *body[0]], body[1]
    )[:cut],
    st.sampled_from(sorted(ROWS)),
    _bodies,
    st.none() | st.integers(0, 200),
)
"""A POST with its body, whole or cut off."""

_lies = st.sampled_from([0, 1, 125, 126, 2**16, 10**6, 2**31, 2**63 - 1, 2**64 - 1])
_frames = st.builds(
    wire.frame,
    st.binary(max_size=140),
    st.integers(0, 15),
    last=st.booleans(),
    masked=st.sampled_from([True, True, True, False]),
    reserved=st.sampled_from([0, 0, 0, 0, 1, 4, 7]),
    length=st.none() | st.none() | _lies,
)
_said = st.one_of(
    st.just(GOOD),
    _frames,
    st.binary(max_size=60),
    st.integers(0, len(GOOD)).map(lambda cut: GOOD[:cut]),
    st.text(max_size=9).map(lambda text: wire.frame(text.encode(), wire.TEXT)),
    st.binary(max_size=8).map(lambda data: wire.frame(data, wire.TEXT)),
    st.builds(
        lambda code, why: wire.frame(code.to_bytes(2) + why, wire.CLOSE),
        st.integers(0, 65535),
        st.binary(max_size=4),
    ),
    # many at once
    st.integers(2, 500).map(lambda n: GOOD * n),
    st.integers(2, 2000).map(lambda n: wire.frame(bytes(100), wire.PING) * n),
    st.builds(
        lambda n, part: (
            wire.frame(part, last=False)
            + wire.frame(part, wire.CONTINUED, last=False) * n
            + wire.frame(b"", wire.CONTINUED)
        ),
        st.integers(1, 3000),
        st.binary(max_size=3),
    ),
    # too much
    st.sampled_from([1023, 1024, 1025, 100_000]).map(lambda n: wire.frame(bytes(8 * n))),
)
talks = st.lists(st.tuples(_said, st.sampled_from([0, 0, 0, 0.002, 0.01])), max_size=5)
"""What is said on a WebSocket, right or wrong, and the pause in seconds after each part of it."""
