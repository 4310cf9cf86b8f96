"""`python -m scripts.docs`: brings every generated page up to date."""

from scripts.docs.pages import DOCS, PAGES

for name, make in PAGES.items():
    (DOCS / name).write_text(make())
