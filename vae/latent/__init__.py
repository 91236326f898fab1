"""Paths through a latent space, and statistics of its codes."""
