"""Sweeps: many short trainings in search of good settings, by Optuna.

A sweep is an Optuna study: its trials lie in a database that several processes and machines may
share, and each trial is an ordinary run, ``STUDY-007``. Optuna is imported where it is needed only.
"""
