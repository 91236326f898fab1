"""Maps as mathematics: PCA against scikit-learn, t-SNE against a control."""

from __future__ import annotations

import numpy as np
import pytest

from vae.errors import VaeError
from vae.map_quality import quality
from vae.placement import map_span
from vae.projection import Step, pca, raw
from vae.tsne import tsne, usable_perplexity


def test_pca_equals_scikit_learns_up_to_sign(digits):
    from sklearn.decomposition import PCA

    reference = PCA(2)
    expected = reference.fit_transform(digits[0])
    projection = pca(digits[0])
    places = projection(digits[0])
    signs = np.sign((expected * places).sum(axis=0))
    np.testing.assert_allclose(places * signs, expected, atol=1e-4)
    np.testing.assert_allclose(projection.explained, reference.explained_variance_ratio_, rtol=1e-5)


def test_pca_signs_do_not_depend_on_the_order_of_the_codes(digits):
    np.testing.assert_allclose(pca(digits[0]).axes, pca(digits[0][::-1]).axes, atol=1e-9)


def test_raw_is_the_two_dimensions_themselves(digits):
    np.testing.assert_array_equal(raw(digits[0], (3, 1))(digits[0]), digits[0][:, [3, 1]])


@pytest.mark.parametrize("dims", [(0, 0), (0, 10), (-1, 2)])
def test_raw_refuses_dimensions_that_are_not_there(digits, dims):
    with pytest.raises(VaeError, match="two different dimensions between 0 and 9"):
        raw(digits[0], dims)


@pytest.mark.parametrize("project", [raw, pca])
def test_a_one_dimensional_space_lies_on_a_line(project):
    places = project(np.linspace(-2, 2, 9)[:, None])(np.linspace(-2, 2, 9)[:, None])
    np.testing.assert_allclose(places[:, 0], np.linspace(-2, 2, 9), atol=1e-6)
    assert (places[:, 1] == 0).all()


def test_tsne_keeps_digits_apart_and_a_shuffled_control_does_not(digits, digits_map):
    codes, labels = digits
    found = quality(codes, digits_map, labels)
    shuffled = np.random.default_rng(0).permutation(digits_map)
    control = quality(codes, shuffled, labels)
    assert found["accuracy"] > 0.85
    assert control["accuracy"] < 0.25
    assert found["trustworthiness"] > 0.95
    assert control["trustworthiness"] < 0.6
    assert found["knn_recall"] > control["knn_recall"] + 0.4
    assert (found["n"], found["queries"]) == (400, 400)


def test_the_same_seed_gives_the_same_map_and_another_seed_another(digits, digits_map):
    np.testing.assert_array_equal(tsne(digits[0], n_jobs=1), digits_map)
    assert not np.array_equal(tsne(digits[0], n_jobs=1, seed=1), digits_map)


def test_the_callback_follows_the_fit_and_can_stop_it(digits):
    steps: list[Step] = []

    def stop_at_300(step: Step) -> bool:
        steps.append(step)
        return step.iteration >= 300

    assert tsne(digits[0], n_jobs=1, callback=stop_at_300) is None
    assert [step.iteration for step in steps] == list(range(0, 301, 25))
    assert all(step.total == 750 and step.coords.shape == (400, 2) for step in steps)
    assert np.isfinite([step.kl for step in steps[1:]]).all()


def test_an_error_in_the_callback_comes_out_as_itself(digits):
    def broken(step: Step) -> bool:
        raise ZeroDivisionError("in the callback")

    with pytest.raises(ZeroDivisionError, match="in the callback"):
        tsne(digits[0], n_jobs=1, callback=broken)


def test_identical_codes_share_a_place(digits):
    repeated = np.concatenate([digits[0][:60], digits[0][:60], digits[0][:5]])
    places = tsne(repeated, n_jobs=1)
    assert np.isfinite(places).all()
    np.testing.assert_array_equal(places[:60], places[60:120])
    np.testing.assert_array_equal(places[:5], places[120:])
    assert len(np.unique(places, axis=0)) == 60


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 12])
def test_few_points_have_a_map(n):
    places = tsne(np.random.default_rng(0).normal(size=(n, 4)), n_jobs=1)
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()


def test_a_collapsed_model_is_one_point():
    codes = np.full((50, 4), 0.25, np.float32)
    assert (tsne(codes) == 0).all()
    assert (pca(codes)(codes) == 0).all()
    assert pca(codes).explained == (0.0, 0.0)


def test_codes_a_hair_apart_still_have_a_map():
    codes = 1.0 + 1e-7 * np.random.default_rng(0).normal(size=(40, 3))
    places = tsne(codes, n_jobs=1)
    assert np.isfinite(places).all()
    assert map_span(places) > 1


def test_one_dimensional_codes_have_a_tsne_map_that_keeps_their_order_locally():
    codes = np.linspace(-2, 2, 80)[:, None]
    places = tsne(codes, n_jobs=1)
    assert quality(codes, places)["trustworthiness"] > 0.95


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused_in_a_sentence(broken):
    codes = np.zeros((10, 3))
    codes[4, 1] = broken
    for project in (raw, pca, tsne):
        with pytest.raises(VaeError, match="1 of the 10 codes hold NaN or infinity"):
            project(codes)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"perplexity": 1}, "perplexity must be a number of at least 2"),
        ({"perplexity": float("nan")}, "perplexity must be a number of at least 2"),
        ({"early_exaggeration": 0.5}, "early exaggeration must be at least 1"),
        ({"metric": "hamming"}, "metric must be one of euclidean, cosine, manhattan"),
    ],
)
def test_parameters_outside_their_range_are_refused(wrong, sentence):
    with pytest.raises(VaeError, match=sentence):
        tsne(np.eye(9), **wrong)


def test_codes_of_the_wrong_shape_are_refused():
    with pytest.raises(VaeError, match=r"shape \(n, d\)"):
        pca(np.zeros(7))


def test_a_perplexity_too_large_is_cut_to_a_third_of_the_others():
    assert usable_perplexity(31, 30) == 10
    assert usable_perplexity(5000, 30) == 30


def test_trustworthiness_equals_scikit_learns(digits, digits_map):
    from sklearn.manifold import trustworthiness

    for places in (digits_map, pca(digits[0])(digits[0])):
        expected = trustworthiness(digits[0], places, n_neighbors=15)
        assert quality(digits[0], places)["trustworthiness"] == pytest.approx(expected, abs=1e-6)


def test_quality_of_the_codes_themselves_is_perfect(digits):
    plane = digits[0][:, :2]
    found = quality(plane, plane, digits[1])
    assert found["trustworthiness"] == found["knn_recall"] == 1
    assert found["accuracy"] == found["accuracy_codes"]


def test_quality_without_labels_or_with_three_points_leaves_out_what_it_cannot_say(digits):
    found = quality(digits[0], digits[0][:, :2], np.zeros(400))
    assert found["accuracy"] is None
    few = quality(digits[0][:3], digits[0][:3, :2], digits[1][:3])
    assert few["trustworthiness"] is None
    assert few.keys() == found.keys()
