"""Work distribution's rows: what waits, what agents have in use, who is there.

Lock order everywhere: thread, conversation, work item, agents by id, slots, events last. `slots` alone writes
slots; after each change it writes the agent's state and its copies in the queues anew from the live slots.
"""
