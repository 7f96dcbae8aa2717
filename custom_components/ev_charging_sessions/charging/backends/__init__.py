"""The networks: one module each, all behind the protocol in ``backend``."""
