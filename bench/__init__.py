"""How fast Pagedesk is, side by side with bare baselines in the same run: `python -m bench`."""
