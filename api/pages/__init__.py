"""Facebook apps and Pages, and what is set for them."""
