"""One file for each thing that is measured; each has `measure(bench) -> list[Row]`."""
