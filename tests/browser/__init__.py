"""A driver for a real browser, and the tests that see the demo as a person sees it."""
