"""The Draw page in words: what to draw, how it is centred, what the map and the readouts show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pages.point_words import draw_words
from vae.datasets import DATASETS

DRAWS = 64  # from q(z|x), shown on maps where its ellipses cannot be drawn


@dataclass(frozen=True)
class Recipe:
    """How the pictures of a data set were centred and scaled, and how thick its strokes are.

    Attributes:
        name: of the data set that does so.
        box: width and height, in pixels of the picture, that the ink is scaled to fit.
        centre: what is put in the middle: the ink's centre of mass, or its box.
        stretch: how far one side of the box may be stretched beyond the other to fill it.
        brush: width of the pen as a share of the pad's longer side.
        usual: whether it is on at first: the model learned pictures made so.
    """

    name: str
    box: tuple[int, int]
    centre: Literal["mass", "box"]
    stretch: float = 1.0
    brush: float = 0.08
    usual: bool = True


# Measured on the files: in 9,997 of MNIST's 10,000 test images the longest side of the box is 20
# pixels, and in all of them the centre of mass is within half a pixel of (14, 14). In all of the
# 300 digits 8×8 the box is 8 high, in 242 of them 6 wide, whatever the digit. From the papers, not
# measured: EMNIST leaves two pixels around the box (Cohen et al., 2017); Kuzushiji characters fill
# their pictures (Clanuwat et al., 2018).
_RECIPES = {
    "mnist": Recipe("MNIST", (20, 20), "mass"),
    "emnist-letters": Recipe("EMNIST", (24, 24), "box"),
    "kmnist": Recipe("Kuzushiji-MNIST", (28, 28), "box"),
    "digits": Recipe("Digits 8×8", (6, 8), "box", stretch=1.5, brush=0.14),
}
_THINGS = {
    "mnist": "a digit",
    "digits": "a digit",
    "emnist-letters": "a letter",
    "kmnist": "a Kuzushiji character",
    "fashion-mnist": "a piece of clothing",
    "shapes": "a square, an ellipse or a heart",
}
_PHOTO = """\
- **A photo:** dark ink on a light ground is inverted where the model's images are bright on dark.
  *Clean* takes from each pixel the mean of its surroundings, finds the grey levels of paper and
  ink (Otsu, 1979), stretches what lies between them to black and white, and removes specks. It
  knows no digits: the hard edge of a shadow looks like ink. *Thicken* widens pencil lines to an
  eighth of the drawing, the usual width in MNIST. Pictures are kept in memory only, as long as
  your session lasts.
"""
_MAPS = {
    "raw": "latent space",
    "tsne": "t-SNE map",
    "umap": "UMAP map",
    "pca": "PCA map",
}


def recipe_of(dataset: str, shape: tuple[int, int, int]) -> Recipe:
    """The recipe of a data set; MNIST's in proportion, and off at first, where it has none."""
    if dataset in _RECIPES:
        return _RECIPES[dataset]
    side = max(1, round(min(shape[:2]) * 20 / 28))
    return Recipe("MNIST", (side, side), "mass", brush=0.1, usual=False)


def prompt(dataset: str) -> str:
    """What stands on the empty pad."""
    return f"Draw {_THINGS[dataset]} here" if dataset in _THINGS else "Draw here"


def centring_words(recipe: Recipe) -> dict[str, str]:
    """The name of the switch that centres a drawing, and what it does."""
    wide, high = recipe.box
    stretched = f", stretched at most {recipe.stretch:g} times" if recipe.stretch > 1 else ""
    middle = "its centre of mass" if recipe.centre == "mass" else "it"
    return {
        "centring": f"Centre and scale as {recipe.name}",
        "does": (
            f"On: the box of the ink is scaled to fit {wide} × {high} pixels{stretched}, and "
            f"{middle} is put in the middle. Off: the pad is shrunk as it is."
        ),
    }


def map_words(map_id: str, latent_dim: int, point: bool = False) -> dict[str, str]:
    """The title of the map, and how to read the uncertainty on it; a ``point`` code has none."""
    method = map_id.split("-")[0]
    name = _MAPS[method]
    if point:
        name = (
            {1: "latent line", 2: "latent plane"}.get(latent_dim, name) if method == "raw" else name
        )
        about = "; between its nearest codes: approximate" if method in ("tsne", "umap") else ""
        return {"map": f"The code on the {name}", "uncertainty": f"◆ the code, a point{about}."}
    if method == "raw" and latent_dim == 1:
        name = "latent line"
        shown = f"◆ its mean; dots: {DRAWS} draws from q(z|x). Across is z; up means nothing."
    elif method == "raw" and latent_dim == 2:
        name = "latent plane"
        shown = "◆ its mean; full line 1σ, dashed line 2σ, in true scale."
    else:
        shown = f"◆ its mean; dots: {DRAWS} draws from q(z|x)"
        shown += (
            ", each between its nearest codes: approximate." if method in ("tsne", "umap") else "."
        )
    return {"map": f"q(z|x) on the {name}", "uncertainty": shown}


def explanation(
    dataset: str, recipe: Recipe, latent_dim: int, kl: float | None, images: str
) -> str:
    """What happens to a drawing, in Markdown.

    Args:
        kl: in nats, the mean of the images that the model's codes are of; ``None`` where codes are
            points.
        images: those in words, as :func:`pages.state.images_of`.
    """
    info = DATASETS.get(dataset)
    title = info.title if info else dataset
    if kl is None:
        return draw_words(title, latent_dim, _centring_story(recipe, title), _PHOTO)
    return rf"""
The pad is painted in the browser, made as small as the images of **{title}** and sent to the
encoder at every movement of the hand. It answers with a distribution over codes,
$q(z \mid x) = \mathcal{{N}}(\mu(x), \operatorname{{diag}}\,\sigma^2(x))$ in
$\mathbb{{R}}^{{{latent_dim}}}$; the picture at the right is the decode of its mean $\mu(x)$.

- **Bars:** thick, one $\sigma$ to each side of the mean: about 68 % of $q(z_j \mid x)$; thin, two:
  about 95 %. The grey ground is the prior $\mathcal{{N}}(0, 1)$, also one and two $\sigma$. The
  dimensions stand in the order of their mean KL over {images}, so the first say most. An
  arrow at the edge: the bar goes on beyond the axis.
- **KL** is $\tfrac12 \sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2)$, in nats: what the
  encoder says of your drawing beyond the prior. {images.capitalize()} have {kl:.1f} nats on
  average.
- **Centring:** {_centring_story(recipe, title)}
- **Nearest real images** are those whose codes (posterior means) lie nearest to $\mu(x)$. The model
  was never told a label and recognises nothing; the labels are those of the images. *On the data*:
  within the distance at which 95 % of the real codes have another one.
{_PHOTO}
Ctrl+Z takes the last stroke back. A pen's pressure changes the width of its strokes.
"""


def _centring_story(recipe: Recipe, title: str) -> str:
    if not recipe.usual:
        return (
            "off at first, for it does to a drawing what was done to MNIST's digits, in "
            f"proportion, and nothing says that the images of {title} were made so."
        )
    alike = (
        "the encoder learned pictures that were all made alike. The same figure elsewhere, or of "
        "another size, is unlike any of them."
    )
    if recipe.name != "MNIST":
        return alike
    return (
        f"{alike} MNIST's were scaled to fit a box of 20 × 20 pixels, then moved by whole pixels "
        "so that their centre of mass came to the middle of 28 × 28 (LeCun et al., 1998); the same "
        "is done to yours."
    )
