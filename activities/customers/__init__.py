"""Reading customers' profiles from Meta."""
