"""Tests of the ground floor, which knows nothing of Home Assistant."""
