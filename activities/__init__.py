"""Side effects for the workflows: projections, Graph calls, page checks."""
