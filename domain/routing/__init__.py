"""Work distribution: hours, presence, capacity, rules, overflow, choice of the agent, offers.

A leaf: it imports no other feature, so that workstreams and conversations may use it.
"""
