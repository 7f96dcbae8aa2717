"""The demo: simulated networks, a real Home Assistant and a dashboard."""
