"""Sending one message: obstacles, lane and pace of its page, the call, its outcome, the read-back."""
