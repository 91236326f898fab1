"""Measures of a trained model, on images it has not seen."""

from vae.evaluation.elbo import evaluate

__all__ = ["evaluate"]
