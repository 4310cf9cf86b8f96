"""Starting processes, keeping them running, ending them with their parent."""
