"""Chaos at a guest house: its Home Assistant dies at any moment, and the network misbehaves.

What a session of ours is worth shows when everything goes wrong at once. Home Assistant runs in
a process of its own, which is killed with ``kill -9``; drivers come and go, the network calls
twice and forgets the answers, takes no posts for a while, or loses its own answer. In the end
its books have to tell the truth. ``python -m tests.operator_chaos`` runs other seeds.
"""
