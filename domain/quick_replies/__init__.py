"""Quick replies: texts that agents send often."""
