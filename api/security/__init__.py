"""Who is calling, what they may do, what they have done already, and what is recorded of it."""
