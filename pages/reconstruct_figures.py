"""What the Reconstruct page draws: rows of pictures, error colours, the 2 × 8 figure."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np

from vae.pictures import contact_sheet, png_url

# Cividis (Nuñez, Anderton & Renslow, 2018): even steps for the eye, with and without colour vision.
_CIVIDIS = np.array(
    [(0, 34, 78), (54, 68, 108), (107, 109, 114), (162, 151, 116), (210, 193, 94), (254, 232, 56)],
    np.float64,
)
_GRADIENT = ", ".join(f"rgb({r:.0f} {g:.0f} {b:.0f})" for r, g, b in _CIVIDIS)
FIGURE_COLUMNS = 8

_STYLE = f"""<style>
.rec {{ display: grid; gap: 10px; font-variant-numeric: tabular-nums; line-height: 1.35; }}
.rec-row {{ display: flex; gap: 18px; align-items: center; }}
.rec-row > .tiles {{ display: grid; gap: 6px; grid-template-columns: repeat(var(--n), 1fr);
  flex: var(--n) 1 0; min-width: 0; max-width: calc(var(--n) * 134px); align-items: end; }}
.rec-row > .facts {{ flex: 0 0 11.5rem; font-size: 0.9rem; }}
.rec-row .pair {{ display: flex; justify-content: space-between; }}
.rec-row .sum {{ border-top: 2px solid currentColor; font-weight: 700; }}
.rec-head {{ font-size: 0.9rem; font-weight: 600; }}
.rec img {{ width: 100%; display: block; border-radius: 3px; outline: 1px solid #8886; }}
.rec i {{ font-family: KaTeX_Math, Georgia, serif; }}
.rec .again {{ display: none; font-size: 0.875rem; }}
.rec .scale {{ display: inline-block; width: 2.6em; height: 0.7em; vertical-align: -0.02em;
  background: linear-gradient(90deg, {_GRADIENT}); }}
@media (max-width: 760px) {{
  .rec {{ gap: 22px; }}
  .rec-row {{ flex-direction: column; align-items: stretch; gap: 8px; }}
  .rec-row > .tiles {{ flex: none; max-width: none; }}
  .rec-row > .facts {{ flex: none; font-size: 1rem; }}
  .rec-head {{ display: none; }}
  .rec .again {{ display: block; }}
}}
</style>"""


@dataclass(frozen=True)
class Row:
    """One image on its way through the model.

    Attributes:
        name: its class and number, in words.
        original: (H, W, C) uint8, or ``None`` where the data set is not on this machine.
        reconstruction: the decoded posterior mean, (H, W, C) uint8.
        samples: decodes of draws from the posterior, (k, H, W, C) uint8; none of a point.
        nll: -log p(x|z) in nats, for one z drawn from q(z|x); ``None`` without the original.
        kl: KL(q(z|x) || p(z)) in nats; ``None`` where the code is a point.
        posterior: mean and log-variance of q(z|x), (d,) each; the latter says nothing of a point.
        seen: what the encoder saw, where that is not the original but spoiled.
        unspoiled: ``nll`` if it had seen the original, where it did not.
    """

    name: str
    original: np.ndarray | None
    reconstruction: np.ndarray
    samples: np.ndarray
    nll: float | None
    kl: float | None
    posterior: tuple[np.ndarray, np.ndarray]
    seen: np.ndarray | None = None
    unspoiled: float | None = None


def error_image(original: np.ndarray, reconstruction: np.ndarray) -> np.ndarray:
    """|x - x̂|, mean over channels, in colours from 0 (dark blue) to 1 (yellow): (H, W, 3) uint8."""
    return cividis(np.abs(original.astype(np.float64) - reconstruction).mean(-1) / 255.0)


def cividis(values: np.ndarray) -> np.ndarray:
    """Numbers from 0 (dark blue) to 1 (yellow) in colours: (H, W) -> (H, W, 3) uint8."""
    position = values * (len(_CIVIDIS) - 1)
    below = np.minimum(position.astype(int), len(_CIVIDIS) - 2)
    share = (position - below)[..., None]
    return np.rint((1 - share) * _CIVIDIS[below] + share * _CIVIDIS[below + 1]).astype(np.uint8)


def rms(image: np.ndarray, original: np.ndarray) -> float:
    """Root mean square difference of two images (H, W, C) uint8, in pixel values from 0 to 1."""
    difference = (image.astype(np.float64) - original) / 255.0
    return float(np.sqrt((difference**2).mean()))


def rows_html(rows: list[Row], smooth: bool = False) -> str:
    """All rows as HTML; the browser enlarges the small pictures, crisply unless ``smooth``."""
    main, draws = _titles(rows[0], "title")
    head = (
        f'<div class="rec-row rec-head">{_tiles("".join(main), len(main))}'
        f'{_tiles(draws, len(rows[0].samples))}<div class="facts">nats</div></div>'
    )
    rendering = "auto" if smooth else "pixelated"
    body = "".join(_row(row) for row in rows)
    style = f"<style>.rec img {{ image-rendering: {rendering}; }}</style>"
    return f'{_STYLE}{style}<div class="rec">{head}{body}</div>'


def figure(*lines: np.ndarray) -> np.ndarray:
    """Up to eight images a line, (n, H, W, C) each: originals above their reconstructions, say.

    One picture (h, w, C) uint8.
    """
    shown = [line[:FIGURE_COLUMNS] for line in lines]
    return contact_sheet(np.concatenate(shown), columns=len(shown[0]), side=112)


def added(nll: float, kl: float) -> tuple[str, str, str]:
    """Both terms and their sum in nats as they are printed: the printed terms add up to it."""
    terms = round(nll, 1), round(kl, 1)
    return f"{terms[0]:.1f}", f"{terms[1]:.1f}", f"{sum(terms):.1f}"


def _titles(row: Row, kind: str) -> tuple[list[str], str]:
    """What stands above each of the row's pictures, and above its posterior samples."""
    code = "<i>z</i>" if row.kl is None else "<i>μ</i>"
    main = [f"<i>x̂</i> = decoder({code})"]
    if row.original is not None:
        scale = 'error |<i>x</i> − <i>x̂</i>|<br>0 <span class="scale"></span> 1'
        main = ["image <i>x</i>", *main, scale]
    if row.seen is not None:
        main = ["noisy, <i>x̃</i>", "restored, <i>x̂</i>", "clean, <i>x</i>", main[-1]]
    draws = f"decoder(<i>z</i>), {len(row.samples)} × <i>z</i> ~ <i>q</i>(<i>z</i>∣<i>x</i>)"
    titles = [f'<span class="{kind}">{title}</span>' for title in main]
    if not len(row.samples):
        return titles, ""
    return titles, f'<span class="{kind}" style="grid-column: 1 / -1">{draws}</span>'


def _row(row: Row) -> str:
    """One image's pictures and numbers; on a narrow screen its pictures have their own titles."""
    name = escape(row.name)
    main = [_img(row.reconstruction, f"reconstruction of {name}")]
    if row.original is not None:
        error = error_image(row.original, row.reconstruction)
        main = [_img(row.original, name), *main, _img(error, f"error of {name}")]
    if row.original is not None and row.seen is not None:
        main = [_img(row.seen, f"noisy {name}"), main[1], main[0], main[2]]
    draws = "".join(
        _img(image, f"posterior sample {number} of {name}")
        for number, image in enumerate(row.samples, start=1)
    )
    lines = [f"<div><b>{name}</b></div>", *_nats(row)]
    if row.original is not None and row.seen is not None:
        errors = [f"{rms(image, row.original):.3f}" for image in (row.seen, row.reconstruction)]
        lines.append(_pair("pixel error", " → ".join(errors)))
    titles, title = _titles(row, "again")
    tiles = _tiles("".join(titles + main), len(main)) + _tiles(title + draws, len(row.samples))
    return f'<div class="rec-row">{tiles}<div class="facts">{"".join(lines)}</div></div>'


def _nats(row: Row) -> list[str]:
    """What is known of the terms of the loss."""
    words = "−log <i>p</i>(<i>x</i>∣<i>z</i>)"
    if row.kl is None:
        return [] if row.nll is None else [_pair(words, f"{row.nll:.1f}")]
    if row.nll is None:
        return [_pair("KL", f"{row.kl:.1f}")]
    nll, kl, total = added(row.nll, row.kl)
    return [_pair(words, nll), _pair("KL", kl), _pair("−ELBO", total, "pair sum")]


def _tiles(content: str, n: int) -> str:
    if not n:
        return ""
    return f'<div class="tiles" style="--n: {n}">{content}</div>'


def _pair(words: str, nats: str, kind: str = "pair") -> str:
    return f'<div class="{kind}"><span>{words}</span><span>{nats}</span></div>'


def _img(image: np.ndarray, words: str) -> str:
    return f'<img alt="{words}" src="{png_url(image)}">'
