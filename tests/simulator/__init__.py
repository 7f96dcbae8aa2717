"""The networks as a real HTTP server, for the tests and for the demo.

``async with Simulator() as simulator`` is all a test needs. Nothing here imports Home
Assistant or the integration, so the simulator cannot share their mistakes.
"""

from .server import Simulator

__all__ = ["Simulator"]
