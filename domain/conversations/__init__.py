"""A thread's state: conversations, sessions, commands, deadlines, outbox, surveys."""
