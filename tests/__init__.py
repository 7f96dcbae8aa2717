"""Tests of EV Charging Sessions."""
