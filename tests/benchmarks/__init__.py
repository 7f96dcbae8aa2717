"""Benchmarks: each figure is a ratio to a floor that was measured in the same run.

``python -m tests.benchmarks`` runs them all; ``docs/benchmarks.md`` holds the results.
"""
