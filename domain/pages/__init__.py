"""How a page stands, and what is wrong with it."""
