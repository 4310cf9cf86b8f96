"""The dispatcher: it joins what waits with who has room, and tells the conversations' workflows.

It reads marks and never the backlog. Any number of dispatchers is correct, for a claim is conditional on rows
(`store.routing.claims`); a lease has one at a time do the work.
"""
