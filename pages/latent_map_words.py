"""The Latent map in words and formulas: what it shows, what it cannot, how the hand is used."""

from __future__ import annotations

from pages.point_words import MAP_WORDS

_WHOSE = {
    "test": "one image that the training never saw",
    "validation": "one image of the validation split, by which the training was watched",
    "train": "one image that the model was trained on",
    "all": "one image of the whole data set, most of which the model was trained on",
}

_POSTERIOR = r"""**An image is a distribution, not a point:**
  $q(z \mid x) = \mathcal{N}(\mu, \operatorname{diag} \sigma^2)$. """
_ELLIPSES = r"""On PCA and two dimensions, whose axes are $A$, it is
  seen as the Gaussian with covariance $A^\top \operatorname{diag}(\sigma^2)\, A$: its 1σ (solid)
  and 2σ (dashed) ellipses are drawn in the units of the axes. The prior's circles, 1σ and 2σ of
  $\mathcal{N}(0, I)$, can be laid beneath."""
_DRAWS = """Here the axes mean nothing, so 40 draws
  from it are placed instead, each among the points of the codes nearest to it: approximately."""
_FORMS = "*Watch it form* plays that back, each moment enlarged to the same size."
_TSNE = rf"""
- **t-SNE** (van der Maaten & Hinton, 2008) moves points until neighbours in the codes are
  neighbours on the map: it minimises $\mathrm{{KL}}(P \,\|\, Q)$ between two distributions over
  pairs. {_FORMS} The *perplexity* is about
  how many neighbours each point looks at; another one, or another seed, gives another picture: see
  *Perplexities*. Axes have no unit.
- **A code that is no image's** has no place on a t-SNE map by itself. Its diamond stands where
  t-SNE puts it when all other points are held fast; the dashed circle is how far the places of the
  codes around it are spread. Draws from the prior often lie between clusters: there the circle is
  large."""
_UMAP = rf"""
- **UMAP** (McInnes, Healy & Melville, 2018) links every code with its nearest ones, with a weight
  $p_{{ij}}$ from 0 to 1, and moves points until the weights $q_{{ij}}$ that follow from their
  distances on the map are alike: it lowers the cross-entropy
  $-\sum_{{i<j}} [\,p_{{ij}} \log q_{{ij}} + (1 - p_{{ij}}) \log (1 - q_{{ij}})\,]$, pulling linked
  points together and pushing others, a few at random in each step, apart.
  {_FORMS} Another number of *neighbours*, another
  *minimal distance* or another seed gives another picture. Axes have no unit.
- **A code that is no image's** has no place on a UMAP map by itself. Its diamond stands among the
  points of the codes nearest to it, at their weighted mean: that is approximate. The dashed circle
  is how far those points are spread."""
_FITTED = {"tsne": ("t-SNE", _TSNE), "umap": ("UMAP", _UMAP)}


def explanation(d: int, method: str, split: str = "test", point: bool = False) -> str:
    """What stands below the map of a model's codes, in Markdown.

    Args:
        d: latent dimensions.
        method: of the map, raw, pca, tsne or umap.
        split: whose codes they are (see :class:`vae.codes.Codes`).
        point: whether codes are points.
    """
    name, story = _FITTED.get(method, ("", ""))
    uncertain = _POSTERIOR + (_DRAWS if name else _ELLIPSES)
    if point:
        uncertain = MAP_WORDS
        story = story.replace("Draws from the prior often lie", "Codes of your own may lie")
    code = r"code $z" if point else r"posterior mean $\mu(x)"
    density = f"\n  On a {name} map density means little: it spreads dense regions out."
    return rf"""
Every point is the {code} \in \mathbb{{R}}^{{{d}}}$ of {_WHOSE[split]};
its colour is the image's class, which the model was never told, or the number that you choose.

- **The lens** decodes the place under the pointer (or the finger) as you move. That needs a way
  back from the plane to a code: a place of *two dimensions* is two coordinates of $z$, and a place
  $(x, y)$ of the PCA plane is $z = \bar\mu + x\,v_1 + y\,v_2$. Where $d > 2$ it is one of many:
  **PCA** keeps the other directions at the codes' mean, **two dimensions** keep the other
  coordinates of the chosen code. Then a point is only where its code is projected to, and the image
  decoded at its place is not the decode of its own code.
- **The manifold** among the points is the same thing at many places at once: each tile is decoded
  from the code at its middle. It is drawn coarse first and refines while you wait. *Off the data*
  says that the nearest real code is farther than 1.5 times the distance within which 95 % of real
  codes have another one: training has taught the decoder little about such places.
- {uncertain}{story}
- **Trustworthiness** (Venna & Kaski, 2001) falls where points are near on the map that are far
  apart in the codes; **kNN recall** is the share of a code's nearest that are among the nearest on
  the map. **The nearest point's label** tells how well classes are kept apart; in the codes
  themselves it is seldom worse.
- **Lines of density** enclose 20, 50 and 80 % of the points that are shown (Hyndman,
  1996).{density if name else ""}

**Select many** with the box or the free line at the left (Shift and a drag draws a box at any time;
Shift adds, Alt takes away), or search for a class. Their mean is decoded, their images and codes
can be taken along, and Reconstruct, Explore and Interpolate offer them too. *More like these*
compares two ideas of likeness: near in the codes, and near in the pixels.

Keys on the map: the arrows go from image to image; with Shift they move a free code in small steps,
where places have codes; + and − zoom, 0 shows the whole map, Enter opens what is chosen in Explore.
With a mouse: drag to move the map, scroll to zoom. With fingers: one is the lens, and what it shows
when it lifts is kept; two move and zoom the map.
"""
